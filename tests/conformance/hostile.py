"""Texts that would do harm if any of them ever became script, a pattern, a date or a path."""

QUOTES = "'\"\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f`\u00b4"
"""Every character that PowerShell takes for a quote, and some that look like one."""
CANARY = "remediate-was-here"
"""In the name of a file that appears where one of the texts is executed."""

_RUN = f"New-Item -Path $env:TEMP/{CANARY} -Force"
_END = "[System.Environment]::Exit(7)"
CODE = (
    f"$({_RUN})",
    f"`$({_RUN})",
    f"${{{_RUN}}}",
    f"; {_RUN}; #",
    f"| {_RUN}",
    f"& {{ {_RUN} }}",
    f"@({_RUN})",
    f")}}; {_END}; #",
    "$env:ProgramFiles",
    "${env:TEMP}",
    "$Identity",
    "%SystemRoot%",
    "--%",
    "-Force",
    "-ErrorAction Stop",
    "<# comment #>",
    "# comment",
    "{0} {{1}}",
    "\\u0027 \\n \\\\ \\",
    *(f"{quote}; {_RUN}; {quote}" for quote in QUOTES),
    *(f"{quote} + $({_RUN}) + {quote}" for quote in QUOTES),
    *(f"{quote}); {_END} #" for quote in QUOTES),
    *QUOTES,
    QUOTES,
)
WILDCARDS = (
    "*",
    "?",
    "[a]",
    "[a-z]*",
    "[!a]",
    "[",
    "]",
    "[]",
    "`[a`]",
    "a*",
    "?ackup",
    "Backup [1]",
    "``*",
)
LOOKS_LIKE = (
    "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.6789+01:00",
    "/Date(1700000000000)/",
    "0123",
    "1e5",
    "-0",
    "0x7f",
    "1,234",
    "true",
    "$true",
    "null",
    "$null",
    "NaN",
    "=starts with the mark",
    "gzip:AAAA",
    "#remediate-end audit",
    "[]",
    "{}",
    '{"a": 1}',
)
ENCODED = (
    "_x000D_",
    "_x005F_x000D_",
    "_xD800_",
    "__",
    "&#13;",
    "&lt;&amp;&gt;",
    "<![CDATA[x]]>",
    "]]>",
    "</S>",
    "\\ud83d",
    "a%00b",
    "=?utf-8?q?x?=",
)
WRITTEN = (
    "한국어 백업",
    "バックアップ",
    "Überwachung ß ẞ",
    "\u0130stanbul \u0131",
    "e\u0301 é",
    "\u202egnp.exe",
    "\u200frtl\u200e",
    "\u2066isolated\u2069",
    "zero\u200bwidth\u200d",
    "soft\u00adhyphen",
    "no\u00a0break",
    "\ufeffmark",
    "💾 backup",
    "\ufffe \uffff",
    "a" * 200 + "가" * 50,
    " leading and trailing ",
    "trailing dot.",
    "..",
    "CON",
)
CONTROL = (
    "line\nline",
    "line\r\nline",
    "tab\t",
    "nul\0nul",
    "\x1b[31mred",
    "bell\x07",
    "\x7f",
    "\x85",
    "\u2028line",
    "lone \ud800 surrogate",
    "\udfff\ud800",
)
LONG = ("x" * 100_000, "가" * 50_000, "'" * 100_000)

PRINTABLE = (*CODE, *WILDCARDS, *LOOKS_LIKE, *ENCODED, *WRITTEN)
ALL = (*PRINTABLE, *CONTROL, *LONG)
SAMPLE = (
    CODE[0],
    CODE[4],
    CODE[7],
    QUOTES,
    *WILDCARDS[:3],
    *LOOKS_LIKE[:3],
    *ENCODED[:4],
    *WRITTEN[:4],
)
"""A few of each kind, where every text costs a pipeline."""
