"""Names of products: of those that the catalogue is about, and of others with like messages."""

OWN = frozenset(
    [
        *(
            "azure",
            "cbengine",
            "credssp",
            "kdc",
            "kerberos",
            "mars",
            "msonlinebackup",
            "ntlm",
            "obengine",
        ),
        *("pssession", "remediate", "scratch", "volsnap", "vss", "winrm", "wsb", "wsman"),
    ]
)
"""A text that has one of them is about us, whatever else it names."""

OURS = OWN | frozenset(
    [
        *("agent", "backup", "backups", "efi", "iscsi", "powershell", "recovery"),
        *("shadow", "spn", "tls", "vault", "vhd", "windows"),
    ]
)
"""A message that has one of them is in no text that has none of them."""

OTHERS = frozenset(
    [
        *("acronis", "airflow", "android", "ansible", "apache", "arcserve", "backupexec", "bacula"),
        *("chrome", "cisco", "citrix", "commvault", "curl", "docker", "elasticsearch", "excel"),
        *("firefox", "github", "gitlab", "grafana", "hadoop", "hashicorp", "iis", "iphone"),
        *("java", "jenkins", "jira", "kafka", "kubectl", "kubernetes", "linux", "macos", "maven"),
        *("mongodb", "mssql", "mysql", "netbackup", "nginx", "npm", "oracle", "outlook", "php"),
        *("pip", "postgres", "postgresql", "printer", "redis", "rsync", "rubrik", "salesforce"),
        *("samba", "sap", "sharepoint", "slack", "splunk", "squid", "ssh", "steam", "symfony"),
        *("teams", "terraform", "tomcat", "ubuntu", "veeam", "vmware", "wordpress", "zabbix"),
        *("zoom", "프린터", "오라클", "엑셀", "리눅스"),
    ]
)
"""A text that names one, and nothing that is ours alone, is about that one."""
