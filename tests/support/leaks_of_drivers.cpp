// Memory that PoCL's compiler never gives back, which is not ours to mend:
// LeakSanitizer asks this function what to pass over.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the sanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libpocl\nleak:libLLVM\n"; }
