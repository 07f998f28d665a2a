# What `cmake --install` installs, and the Debian package made of the same:
#   cpack -G DEB      (in the build folder)
set(MS_PACKAGING ${CMAKE_SOURCE_DIR}/packaging)
set(MS_DOCDIR ${CMAKE_INSTALL_DATAROOTDIR}/doc/ms-ssl-server)

# The signer is not in the path: it is of no use by hand.
install(TARGETS ms_ssl_server DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ms_ssl_signer
	DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/ms_ssl_server)
install(FILES README.md packaging/README.Debian packaging/copyright
	DESTINATION ${MS_DOCDIR})
install(FILES packaging/sysusers.conf DESTINATION lib/sysusers.d
	RENAME ms_ssl_server.conf)
install(FILES packaging/tmpfiles.conf DESTINATION lib/tmpfiles.d
	RENAME ms_ssl_server.conf)

# Debian wants these compressed, and without the time in them.
function(install_compressed file name folder)
	find_program(GZIP gzip REQUIRED)
	execute_process(COMMAND ${GZIP} -9nc ${MS_PACKAGING}/${file}
		OUTPUT_FILE ${CMAKE_BINARY_DIR}/packaging/${name}
		COMMAND_ERROR_IS_FATAL ANY)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
		${MS_PACKAGING}/${file})
	install(FILES ${CMAKE_BINARY_DIR}/packaging/${name}
		DESTINATION ${folder})
endfunction()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/packaging)
install_compressed(ms_ssl_server.8 ms_ssl_server.8.gz
	${CMAKE_INSTALL_MANDIR}/man8)
install_compressed(changelog changelog.gz ${MS_DOCDIR})

# The units name the program by its full path, which is known only then: the
# package's prefix is not this build's.
set(settings MS_PACKAGING MS_DOCDIR CMAKE_INSTALL_BINDIR CMAKE_BINARY_DIR)
foreach(setting ${settings})
	install(CODE "set(${setting} \"${${setting}}\")")
endforeach()
install(SCRIPT ${MS_PACKAGING}/install_units.cmake)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ms-ssl-server)
set(CPACK_PACKAGE_CONTACT "ms_ssl_server <maintainer@ms-ssl-server.invalid>"
	CACHE STRING "the package's maintainer")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY
	"certificate authority beside an MQTT broker")
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE
	GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Field devices ask it for certificates over MQTT, operators over HTTP. The
authority's key lives in a process of its own, without a network, and opens
with the passphrase that comes with a request.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# What makes the user and its folder when the package is set up.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, \
systemd | systemd-standalone-tmpfiles")
# The engine is for a CA key in a token only (setting ca_key).
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "mosquitto, libengine-pkcs11-openssl")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${MS_PACKAGING}/postinst
	${MS_PACKAGING}/prerm ${MS_PACKAGING}/postrm)
include(CPack)
