# The Debian package, by CPack.
