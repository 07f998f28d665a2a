/* A configuration's problem on stderr: "FILE:LINE: message". */
#ifndef SERVICE_CLI_PROBLEM_H
#define SERVICE_CLI_PROBLEM_H

void cli_print_problem(
    void *arg, const char *path, int line, const char *message);

#endif
