#include <stdio.h>

#include "service/cli/cli.h"
#include "service/config/config.h"

void
cli_help_init(void)
{
	fputs(
	    "  --dir DIR                 where it goes; must not hold one\n"
	    "  --passphrase-file FILE    the passphrase, at least 12\n"
	    "                            characters (else it is asked for)\n"
	    "  --generate-passphrase     makes one of 160 bits, in\n"
	    "                            DIR/passphrase\n"
	    "  --unlock-at-start         the service opens the CA key with\n"
	    "                            DIR/passphrase when it starts\n"
	    "  --key-type TYPE           of the CA: ec:P-256 (default),\n"
	    "                            ec:P-384, rsa:2048, rsa:3072, "
	    "rsa:4096\n"
	    "  --ca-key pkcs11:URI       the CA key is in a token, and the\n"
	    "                            passphrase the token's PIN\n"
	    "  --pkcs11-module FILE      the token's library\n"
	    "  --ca-days N               life of the CA certificate (7300)\n"
	    "  --local-days N            life of the broker's and the\n"
	    "                            service's (397)\n"
	    "  --cn TEXT                 the CA's subject (ms_ssl_server CA);\n"
	    "  --country, --state, --locality, --org, --unit, --email\n"
	    "                            more of it\n"
	    "  --mqtt-listen ADDRESS     of Mosquitto (0.0.0.0)\n"
	    "  --mqtt-port N             of Mosquitto (8883)\n"
	    "  --http-port N             of the HTTP door (4444)\n"
	    "  --broker-names LIST       alternative names of the broker's\n"
	    "                            certificate: dns:…,ip:…\n"
	    "  --topic-prefix TEXT       (ssl)\n"
	    "  --user, --signer-user     for root: whom service and signer\n"
	    "                            become (ms_ssl and ms_ssl_signer,\n"
	    "                            where both are there): names or\n"
	    "                            numbers\n",
	    stdout);
}

void
cli_help(void)
{
	struct buf text;

	fputs("usage: ms_ssl_server init --dir DIR [options]\n"
	      "       ms_ssl_server run --config FILE [--set key=value …]\n"
	      "       ms_ssl_server check --config FILE [--set key=value …]\n"
	      "       ms_ssl_server passphrase --change --config FILE\n"
	      "           [--passphrase-file FILE]\n"
	      "           [--new-passphrase-file FILE | "
	      "--generate-passphrase]\n"
	      "       ms_ssl_server --help | --version\n"
	      "\n"
	      "A certificate authority beside an MQTT broker: devices ask on\n"
	      "ssl/sign, operators with curl on /v1/ssl/sign.\n"
	      "\n"
	      "init   makes an installation: the CA, the certificates of the\n"
	      "       broker and of the service, ms_ssl_server.conf, and\n"
	      "       mosquitto.conf with its ACL. Never overwrites one.\n",
	    stdout);
	cli_help_init();
	fputs(
	    "\n"
	    "run    runs it in the foreground: SIGTERM answers what is under\n"
	    "       way and ends, SIGHUP reloads. The log is on stderr.\n"
	    "check  says all that is wrong in a configuration, by line; exit\n"
	    "       status 0 where nothing is.\n"
	    "passphrase  puts the keys under another one, which is asked for\n"
	    "       or read; killed at any moment, one of the two still opens\n"
	    "       them, and the same command again sets right what is left.\n"
	    "       A service that runs goes by the old one until it is\n"
	    "       started again.\n"
	    "\n"
	    "Settings (in FILE as key = value, or by --set) [default]:\n",
	    stdout);
	buf_init(&text, 65536);
	config_describe(&text);
	fwrite(text.data, 1, text.len, stdout);
	buf_clear(&text);
}
