"""Definitions of tasks with little in them."""

BARE = (
    '<Task xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Triggers>{triggers}'
    "</Triggers><Principals><Principal>{principal}</Principal></Principals>"
    "<Settings>{settings}</Settings><Actions>{actions}</Actions></Task>"
)
SYSTEM = "<UserId>S-1-5-18</UserId>"
BOOT = "<BootTrigger><Enabled>true</Enabled></BootTrigger>"
EXEC = "<Exec><Command>cmd.exe</Command></Exec>"


def bare(
    triggers: str = "", principal: str = SYSTEM, settings: str = "", actions: str = EXEC
) -> str:
    return BARE.format(triggers=triggers, principal=principal, settings=settings, actions=actions)
