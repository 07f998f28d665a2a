# At install time: the systemd units, with the paths that this installation has.
set(MS_BINDIR ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})
set(MS_DOCDIR ${CMAKE_INSTALL_PREFIX}/${MS_DOCDIR})
foreach(unit ms_ssl_server.service ms_ssl_server-broker.service)
	configure_file(${MS_PACKAGING}/${unit}.in
		${CMAKE_BINARY_DIR}/packaging/${unit} @ONLY)
	file(INSTALL ${CMAKE_BINARY_DIR}/packaging/${unit}
		DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
endforeach()
