# The libraries, each as one imported target; README "Libraries" says why each.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(libuv REQUIRED IMPORTED_TARGET libuv>=1.44)
pkg_check_modules(cjson REQUIRED IMPORTED_TARGET libcjson)
pkg_check_modules(sqlite3 REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(confuse REQUIRED IMPORTED_TARGET libconfuse)
pkg_check_modules(seccomp REQUIRED IMPORTED_TARGET libseccomp)

# Paho and http_parser bring no pkg-config file; llhttp has one where it is.
find_library(PAHO_MQTT3AS paho-mqtt3as REQUIRED)
pkg_check_modules(llhttp QUIET IMPORTED_TARGET libllhttp)
if(NOT llhttp_FOUND)
	find_library(HTTP_PARSER http_parser REQUIRED)
endif()
