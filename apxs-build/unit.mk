# Unit programs: t/unit/FOLDER/test_NAME.c each, in the folders of modules/, linked with every archive into
# unit/test_NAME: no two have one name. --gc-sections drops what a test does not reach, and with it the references that
# only httpd could satisfy. Other .c files of t/unit are shared by all tests.

UNIT_C := $(sort $(wildcard t/unit/*/test_*.c t/unit/*/*/test_*.c))
UNIT_SHARED_O := $(patsubst %.c,$(OUT)/obj/%.o,$(wildcard t/unit/*.c))
UNIT_O := $(patsubst %.c,$(OUT)/obj/%.o,$(UNIT_C))
unit_program = $(OUT)/unit/$(basename $(notdir $(1)))
UNIT := $(foreach source,$(UNIT_C),$(call unit_program,$(source)))

# Not optimised: the tests' own code runs once, and a fifth of the time goes into building it.
$(OUT)/obj/t/%.o: CPPFLAGS_ALL += -It
$(OUT)/obj/t/%.o: OPTIMISED := -O0 -U_FORTIFY_SOURCE
$(OUT)/obj/t/bench/%.o: OPTIMISED :=
# Each cut of the power replays what writers did for a second.
$(OUT)/obj/t/crash/%.o: OPTIMISED := -O2 -U_FORTIFY_SOURCE

# What is left of a test that has gone would be run by its name.
# UNIT_OF: those of some folders alone; WITHOUT: what else is left out, of crash, year and pgsql (apxs-build/test).
.PHONY: unit
unit: $(if $(UNIT_OF),$(foreach source,$(filter $(UNIT_OF:%=t/unit/%/%),$(UNIT_C)),$(call unit_program,$(source))),$(UNIT))
	@rm -f $(filter-out $(UNIT),$(wildcard $(OUT)/unit/test_*))

-include $(UNIT_O:.o=.d) $(UNIT_SHARED_O:.o=.d)

# The folders that end in programs and modules, as archives for the tests that include their headers.
define part
$(OUT)/parts/lib$(1).a: $(2)
	@mkdir -p $$(@D)
	$$(archive)
ifneq ($(strip $(2)),)
$(foreach source,$(shell grep -ls '"$(1)/' $(UNIT_C) /dev/null),$(call unit_program,$(source))): $(OUT)/parts/lib$(1).a
endif
endef
$(eval $(call part,auth,$(AUTH_O)))
$(eval $(call part,portal,$(PORTAL_O)))
$(eval $(call part,ca,$(CA_O)))
$(eval $(call part,htanshin,$(HTANSHIN_O)))

# What issues is in no library of ours; the tests of it get it as one of their own.
UNIT_ISSUING := $(filter $(OUT)/unit/test_work $(OUT)/unit/test_pack $(OUT)/unit/test_pkits $(OUT)/unit/test_sign%,$(UNIT))
ISSUING_O := $(SIGN_O) $(PACK_O) $(APPLE_O) $(filter-out %_main.o,$(SIGNER_O))
$(OUT)/parts/libissuing.a: $(ISSUING_O)
	@mkdir -p $(@D)
	$(archive)
$(UNIT_ISSUING): $(if $(ISSUING_O),$(OUT)/parts/libissuing.a) $(if $(CA_O),$(OUT)/parts/libca.a)

$(UNIT): private LINKER := $(TEST_LINKER)
$(UNIT): $(UNIT_SHARED_O) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call program,$(LIBS_ALL))
$(foreach source,$(UNIT_C),$(eval $(call unit_program,$(source)): $(source:%.c=$(OUT)/obj/%.o)))

# Pools whose memory ASan can look at: linked into each sanitized program, preloaded into httpd (Anshin::Server->sanitizer). But not
# into the one that makes each call of each verb fail in turn: it does nothing but use pools, would take more than twice its time,
# and what it runs others run too.
PIECES_O := $(OUT)/obj/t/tools/memory/pieces.o
$(PIECES_O): CFLAGS_ALL := $(filter-out $(SANITIZERS),$(CFLAGS_ALL))
$(PIECES_O): OPTIMISED := -O2
-include $(PIECES_O:.o=.d)
# With libapr itself, for programs that start httpd and have none (unshare).
$(OUT)/pieces.so: $(PIECES_O)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $< -Wl,--no-as-needed $(shell $(APR_CONFIG) --link-ld)
ifdef SANITIZE
modules: $(OUT)/pieces.so
$(PROGRAMS) $(filter-out %/test_faults,$(UNIT)): $(PIECES_O)
endif

# Small programs that the suites call.
TOOLS_C := $(sort $(wildcard t/tools/*.c))
TOOLS := $(patsubst t/tools/%.c,$(OUT)/tools/%,$(TOOLS_C))
unit: $(TOOLS)
-include $(patsubst %.c,$(OUT)/obj/%.d,$(TOOLS_C))
$(TOOLS): private LINKER := $(TEST_LINKER)
$(TOOLS): $(if $(SANITIZE),$(PIECES_O))
$(OUT)/tools/profiles: $(OUT)/parts/libissuing.a $(OUT)/parts/libca.a
$(TOOLS): $(OUT)/tools/%: $(OUT)/obj/t/tools/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call program,$(LIBS_ALL))

# Of the shared object's folder, not of an archive.
$(OUT)/obj/t/tools/schema.o: private CPPFLAGS_ALL += -isystem $(PGSQL_INCLUDES)
$(OUT)/tools/schema: $(OUT)/obj/modules/store/pgsql/tables.o $(OUT)/obj/modules/store/pgsql/views.o

# The people and the reader of the simulated year (t/year), which Anshin::Year starts.
YEAR_C := $(sort $(wildcard t/year/*.c))
YEAR := $(patsubst t/year/%.c,$(OUT)/tools/%,$(YEAR_C))
unit: $(if $(filter year,$(WITHOUT)),,$(YEAR))
-include $(patsubst %.c,$(OUT)/obj/%.d,$(YEAR_C))
$(YEAR): private LINKER := $(TEST_LINKER)
$(YEAR): $(OUT)/tools/%: $(OUT)/obj/t/year/%.o $(ARCHIVES)
	@mkdir -p $(@D)
	$(call program,$(LIBS))

# A clock that can be put forward, preloaded into httpd by the suites (Anshin::Server, clock => 1); never sanitized.
LATER_O := $(OUT)/obj/t/tools/clock/later.o
unit: $(if $(SANITIZE),,$(OUT)/later.so)
-include $(LATER_O:.o=.d)
$(OUT)/later.so: $(LATER_O)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $<

# A fork() that is refused on command, preloaded the same way (Anshin::Server->preload); never sanitized either.
NO_FORK_O := $(OUT)/obj/t/tools/fork/no_fork.o
unit: $(if $(SANITIZE),,$(OUT)/no_fork.so)
-include $(NO_FORK_O:.o=.d)
$(OUT)/no_fork.so: $(NO_FORK_O)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $<

# A program that is loaded once and runs many times, preloaded into htanshin (Anshin::Server->htanshin).
SERVED_O := $(OUT)/obj/t/tools/fork/served.o
unit: $(if $(SANITIZE),,$(OUT)/served.so)
-include $(SERVED_O:.o=.d)
$(OUT)/served.so: $(SERVED_O)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $<

# A PKCS#11 module for one test: softhsm's, with the configuration that lies beside it (Anshin::Token).
TOKEN_O := $(OUT)/obj/t/tools/token/token.o
unit: $(if $(SANITIZE),,$(OUT)/token.so)
-include $(TOKEN_O:.o=.d)
$(OUT)/token.so: $(TOKEN_O)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $<

# The crash harness of the store: one program, TAP; prove runs its short form, make crash the long one.
CRASH_C := $(sort $(wildcard t/crash/*.c))
CRASH_O := $(patsubst %.c,$(OUT)/obj/%.o,$(CRASH_C))
unit: $(if $(filter crash,$(WITHOUT)),,$(if $(CRASH_O),$(OUT)/crash))
-include $(CRASH_O:.o=.d)
$(OUT)/crash: private LINKER := $(TEST_LINKER)
$(OUT)/crash: $(CRASH_O) $(UNIT_SHARED_O) $(ARCHIVES)
	$(call program,$(LIBS_ALL))

# A disk that fails, preloaded into httpd by t/crash/disk.t. It replaces what _FORTIFY_SOURCE wraps.
FAULTS_O := $(OUT)/obj/t/crash/preload/faults.o
unit: $(if $(SANITIZE),,$(OUT)/faults.so)
-include $(FAULTS_O:.o=.d)
$(FAULTS_O): CFLAGS_ALL := $(filter-out -D_FORTIFY_SOURCE=2,$(CFLAGS_ALL))
$(OUT)/faults.so: $(FAULTS_O)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $<

# Benchmark programs, one a file; t/bench/run runs them and measures whole requests besides.
BENCH_HOOK := $(OUT)/bench/mod_bench_hook.so
BENCH_C := $(filter-out t/bench/mod_%.c,$(sort $(wildcard t/bench/*.c)))
BENCH := $(patsubst t/bench/%.c,$(OUT)/bench/%,$(BENCH_C))
.PHONY: bench
bench: $(BENCH) $(BENCH_HOOK)
-include $(patsubst %.c,$(OUT)/obj/%.d,$(BENCH_C))
$(BENCH): $(OUT)/bench/%: $(OUT)/obj/t/bench/%.o $(OUT)/parts/libissuing.a $(OUT)/parts/libca.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(call program,$(LIBS_ALL))

# The httpd module that times our hooks: for t/bench/hooks alone.
$(OUT)/obj/t/bench/mod_%.o: VISIBILITY := -fvisibility=default
$(BENCH_HOOK): $(OUT)/obj/t/bench/mod_bench_hook.o
	@mkdir -p $(@D)
	$(call says,LD,$@)
	$(Q)$(CC) -shared -o $@ $^
