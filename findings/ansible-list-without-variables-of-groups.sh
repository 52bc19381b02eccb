#!/usr/bin/env bash
# ansible-core 2.19.14, Python 3.11.
#
# A good guess: what `ansible-inventory --list` prints for an inventory has all variables of a host at
# the host (_meta.hostvars), those of its groups among them; --export is for who asks for it.
# What it does: export is a setting, too. With `export = true` in an ansible.cfg of the folder that one
# happens to be in, or of the user, or ANSIBLE_INVENTORY_EXPORT in the environment, the same command on
# the same inventory leaves out of each host what its groups say; `--host NAME`, too, which has no groups
# where it could stand instead. A reader loses user, port or method there, and the exit code is 0.
#
# Seen (what stands at the host, whose group has ansible_port and ansible_user):
#   --list                            ansible_connection ansible_port ansible_user
#   --list, with that ansible.cfg     ansible_connection
#   --host                            ansible_connection ansible_port ansible_user
#   --host, with that ansible.cfg     ansible_connection
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ansible-core==2.19.14
export HOME=$place LC_ALL=C.UTF-8
unset ANSIBLE_CONFIG ANSIBLE_INVENTORY_EXPORT
printf '%s\n' '[win]' 'srv01 ansible_connection=winrm' \
    '[win:vars]' 'ansible_port=5985' 'ansible_user=ada' > hosts.ini
mkdir plain export
printf '[inventory]\nexport = true\n' > export/ansible.cfg
asked() {
    (cd "$1" && ../venv/bin/ansible-inventory -i ../hosts.ini "${@:2}") | python3 -c '
import json, sys
found = json.load(sys.stdin)
print(*sorted(found["_meta"]["hostvars"]["srv01"] if "_meta" in found else found))'
}
all="ansible_connection ansible_port ansible_user"
for way in --list "--host srv01"; do
    plain=$(asked plain $way)
    exported=$(asked export $way)
    printf '%-32s %s\n' "$way" "$plain" "$way, with that ansible.cfg" "$exported"
    [ "$plain" = "$all" ]
    [ "$exported" = ansible_connection ]
done
