/*
 * How ASan looks at the unit programs. Where a process has a default of its own, that counts (ca/process.c).
 */
#ifdef __SANITIZE_ADDRESS__

const char *__asan_default_options(void) __attribute__((weak, visibility("default")));

/* Of what was freed 16 MiB are not used again for a while: the default of 256 MiB takes a quarter of the time of
 * programs that free much. */
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=16:thread_local_quarantine_size_kb=64";
}

#endif
