#include "tests/load/report.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/load/say.h"

static const struct {
	const char *name;
	double share;
} points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}};
#define POINTS (sizeof(points) / sizeof(points[0]))

static double
seconds_of(const struct run *run)
{
	return (double)(run->end_ns - run->start_ns) / 1e9;
}

/* Of the phase that was timed. */
static double
rate_of(const struct run *run)
{
	double s = seconds_of(run);

	return s > 0 ? (double)run->latency.count / s : 0;
}

static double
latency_ms(const struct run *run, double share)
{
	return (double)histogram_value_at(&run->latency, share) / 1e6;
}

/* The CPU time of a request that was answered. */
static double
each_us(const struct run *run, uint64_t us)
{
	uint64_t n = run->latency.count;

	return n > 0 ? (double)us / (double)n : 0;
}

static void
print_cpu_line(const struct run *run, const char *name, struct cpu_time t)
{
	printf("  %-12s %9.1f %9.1f %9.1f %8.0f%%\n", name,
	    each_us(run, t.user_us + t.system_us), each_us(run, t.user_us),
	    each_us(run, t.system_us),
	    (double)(t.user_us + t.system_us) / 1e4 / seconds_of(run));
}

static void
print_cpu(const struct run *run)
{
	const struct cpu_list *cpu = &run->o->cpu;

	if (!(seconds_of(run) > 0))
		return;
	printf("  %-12s %9s %9s %9s %9s\n", "CPU, us each", "all", "user",
	    "system", "of a CPU");
	for (size_t i = 0; i < cpu->count; i++)
		print_cpu_line(
		    run, cpu->processes[i].name, cpu->processes[i].used);
	print_cpu_line(run, "generator", run->generator);
}

static void
print_latency(const struct run *run)
{
	printf("  latency, ms ");
	for (size_t i = 0; i < POINTS; i++)
		printf("  %s %.2f", points[i].name,
		    latency_ms(run, points[i].share));
	printf("  max %.2f\n", (double)run->latency.max / 1e6);
}

static void
print_faults(const struct report *r)
{
	const struct verdict *v = r->verdict;

	for (size_t i = 0; i < WORDS_MAX && v->words[i].count > 0; i++)
		printf(
		    "  error %s: %zu\n", v->words[i].word, v->words[i].count);
	if (r->run->surplus > 0)
		printf("  answered again: %zu, otherwise than before: %zu\n",
		    r->run->surplus, r->run->differing);
	if (v->first_wrong[0] != '\0')
		printf("  the first wrong one: %s\n", v->first_wrong);
	printf("  %s\n", r->good ? "every answer is right" : "FAILED");
}

void
report_print(const struct report *r)
{
	const struct run *run = r->run;
	const struct options *o = run->o;
	const struct verdict *v = r->verdict;

	printf("%s %s, %u connections, ", door_word(o->door),
	    verb_word(o->verb), o->connections);
	if (o->rate > 0)
		printf("open loop, %.10g/s\n", o->rate);
	else
		printf("closed loop\n");
	printf("  asked %zu (%u to warm up)  certificates %zu  "
	       "expected errors %zu\n",
	    v->asked, o->warm_up, v->certificates, v->expected);
	printf("  wrong %zu  missing %zu  serials twice %zu\n", v->wrong,
	    v->missing, v->same_serial);
	printf("  %.2f s, %.1f answers/s\n", seconds_of(run), rate_of(run));
	print_latency(run);
	print_cpu(run);
	print_faults(r);
}

static void
json_cpu(FILE *f, const char *name, const struct run *run, struct cpu_time t,
    const char *separator)
{
	fprintf(f,
	    "%s\n    \"%s\": {\"user_us\": %" PRIu64 ", \"system_us\": %" PRIu64
	    ", \"us_each\": %.2f}",
	    separator, name, t.user_us, t.system_us,
	    each_us(run, t.user_us + t.system_us));
}

static void
json_all_cpu(FILE *f, const struct run *run)
{
	const struct cpu_list *cpu = &run->o->cpu;

	fprintf(f, "  \"cpu\": {");
	json_cpu(f, "generator", run, run->generator, "");
	for (size_t i = 0; i < cpu->count; i++)
		json_cpu(f, cpu->processes[i].name, run, cpu->processes[i].used,
		    ",");
	fprintf(f, "\n  },\n");
}

static void
json_latency(FILE *f, const struct run *run)
{
	fprintf(f, "  \"latency_ms\": {");
	for (size_t i = 0; i < POINTS; i++)
		fprintf(f, "\"%s\": %.3f, ", points[i].name,
		    latency_ms(run, points[i].share));
	fprintf(f, "\"max\": %.3f},\n", (double)run->latency.max / 1e6);
}

/* A word came from outside: only what can be one is written. */
static void
json_errors(FILE *f, const struct verdict *v)
{
	fprintf(f, "  \"errors\": {");
	for (size_t i = 0; i < WORDS_MAX && v->words[i].count > 0; i++) {
		fprintf(f, "%s\"", i > 0 ? ", " : "");
		for (const char *p = v->words[i].word; *p != '\0'; p++)
			if ((*p >= 'a' && *p <= 'z') || *p == '_')
				fputc(*p, f);
		fprintf(f, "\": %zu", v->words[i].count);
	}
	fprintf(f, "},\n");
}

static void
json_counts(FILE *f, const struct report *r)
{
	const struct options *o = r->run->o;
	const struct verdict *v = r->verdict;

	fprintf(f, "  \"door\": \"%s\", \"verb\": \"%s\", \"loop\": \"%s\",\n",
	    door_word(o->door), verb_word(o->verb),
	    o->rate > 0 ? "open" : "closed");
	fprintf(f, "  \"connections\": %u, \"rate_wanted\": %.3f,\n",
	    o->connections, o->rate);
	fprintf(f,
	    "  \"asked\": %zu, \"warm_up\": %u, \"certificates\": %zu, "
	    "\"expected_errors\": %zu,\n",
	    v->asked, o->warm_up, v->certificates, v->expected);
	fprintf(f,
	    "  \"wrong\": %zu, \"missing\": %zu, \"same_serial\": %zu, "
	    "\"answered_again\": %zu,\n",
	    v->wrong, v->missing, v->same_serial, r->run->surplus);
	fprintf(f, "  \"seconds\": %.3f, \"rate\": %.2f,\n", seconds_of(r->run),
	    rate_of(r->run));
}

int
report_write_json(const struct report *r, const char *file)
{
	FILE *f = fopen(file, "we");
	int bad;

	if (f == NULL)
		return complain("--json %s: cannot be written", file);
	fprintf(f, "{\n");
	json_counts(f, r);
	json_latency(f, r->run);
	json_all_cpu(f, r->run);
	json_errors(f, r->verdict);
	fprintf(f, "  \"good\": %s\n}\n", r->good ? "true" : "false");
	bad = ferror(f);
	if (fclose(f) != 0 || bad)
		return complain("--json %s: cannot be written", file);
	return 0;
}
