"""Secrets for a PowerShell of this account on this machine, sealed by Windows: DPAPI.

What is sealed is what `ConvertFrom-SecureString` makes: nobody but the account opens it, and only
here. https://learn.microsoft.com/windows/win32/api/dpapi/nf-dpapi-cryptprotectdata
"""

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Blob(ctypes.Structure):
        _fields_ = (("size", wintypes.DWORD), ("data", ctypes.POINTER(ctypes.c_char)))

    _ASK_NOBODY = 1  # CRYPTPROTECT_UI_FORBIDDEN
    _NOTHING = (None,) * 4
    _crypt = ctypes.WinDLL("crypt32", use_last_error=True)
    _crypt.CryptProtectData.argtypes = (
        ctypes.POINTER(_Blob),
        wintypes.LPCWSTR,
        wintypes.LPVOID,
        wintypes.LPVOID,
        wintypes.LPVOID,
        wintypes.DWORD,
        ctypes.POINTER(_Blob),
    )
    _kernel = ctypes.WinDLL("kernel32")
    _kernel.LocalFree.argtypes = (wintypes.LPVOID,)
    _kernel.LocalFree.restype = wintypes.LPVOID

    def seal(text: str) -> str:
        """A text that only this account opens, and only on this machine.

        Raises:
            OSError: Windows does not seal anything for the account.
        """
        data = text.encode("utf-16-le")
        given, made = _Blob(len(data), ctypes.create_string_buffer(data, len(data))), _Blob()
        if not _crypt.CryptProtectData(given, *_NOTHING, _ASK_NOBODY, made):
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            return ctypes.string_at(made.data, made.size).hex()
        finally:
            _kernel.LocalFree(ctypes.cast(made.data, wintypes.LPVOID))

else:

    def seal(text: str) -> str:
        """Nothing is sealed elsewhere than on Windows.

        Raises:
            OSError: always.
        """
        del text
        raise OSError("only Windows seals a secret value for an account")
