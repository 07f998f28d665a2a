# Warnings, hardening and sanitizers: one place, for every target of ours.
add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wvla
	-Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wundef
	-Wpointer-arith -Wwrite-strings -Wcast-qual -Werror)

set(MS_SANITIZE "" CACHE STRING
	"sanitizers to build with: address,undefined or thread")

if(MS_SANITIZE)
	add_compile_options(-fsanitize=${MS_SANITIZE} -fno-sanitize-recover=all
		-fno-omit-frame-pointer -g -O1)
	add_link_options(-fsanitize=${MS_SANITIZE})
else()
	# FORTIFY needs the optimiser; sanitizers bring their own checks.
	add_compile_options(-fstack-protector-strong -fstack-clash-protection
		-fPIE -g)
	if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|amd64")
		add_compile_options(-fcf-protection)
	endif()
	add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
	add_compile_options(
		$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
		$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
