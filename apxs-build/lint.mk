# The compilers' analysis of all sources, a part of apxs-build/lint: each is compiled with gcc, the modules with
# -fanalyzer, and then read by clang-tidy. A file is looked at again when it or one of its headers has changed.

CLANG_TIDY ?= $(notdir $(shell command -v clang-tidy-14 || command -v clang-tidy))
ANALYZED := $(sort $(wildcard modules/*/*.c modules/*/*/*.c t/unit/*.c $(UNIT_C) t/tools/*.c t/fuzz/*.c t/bench/*.c t/crash/*.c t/year/*.c))

.PHONY: analysis
analysis: $(patsubst %.c,$(OUT)/tidy/%.ok,$(ANALYZED))

$(OUT)/obj/modules/%.o: ANALYZER := $(if $(ANALYZE),-fanalyzer)

$(OUT)/tidy/%.ok: %.c $(OUT)/obj/%.o .clang-tidy
	@mkdir -p $(@D)
	$(call says,TIDY,$<)
	$(Q)$(CLANG_TIDY) --quiet --warnings-as-errors='*' $< -- -std=gnu11 $(CPPFLAGS_ALL) -It 2>$@.err || { cat $@.err; exit 1; }
	@touch $@

.SECONDARY: $(patsubst %.c,$(OUT)/obj/%.o,$(ANALYZED))
-include $(patsubst %.c,$(OUT)/obj/%.d,$(ANALYZED))
