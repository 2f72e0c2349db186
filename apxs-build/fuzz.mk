# Fuzz targets: t/fuzz/fuzz_NAME.c each, seeds in t/fuzz/seeds/NAME/, what they share in t/fuzz/fuzz.c.
#
#   make fuzz                                           every target for ten minutes
#   make fuzz FUZZ_SECONDS=60 FUZZ_NAMES="form text"    some of them for less

FUZZ_CC ?= $(notdir $(shell command -v clang-14 || command -v clang))
FUZZ_SECONDS ?= 600
FUZZ_C := $(sort $(wildcard t/fuzz/fuzz_*.c))
FUZZ_NAMES := $(patsubst t/fuzz/fuzz_%.c,%,$(FUZZ_C))

# --- with libFuzzer, by clang ---

FUZZ := $(addprefix $(BASE)/fuzz/,$(FUZZ_NAMES))
FUZZ_FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined \
              -ffunction-sections -pthread
FUZZ_SOURCES := $(call sources,core) $(call sources,store) $(call sources,crypto) \
                $(filter-out %/main.c %_main.c,$(call sources,ca)) \
                $(wildcard modules/portal/files/asset.c modules/portal/request/device.c modules/htanshin/print.c modules/htanshin/result.c modules/htanshin/language/language.c) \
                $(addprefix modules/htanshin/import/import_,columns.c ldif.c records.c text.c)
FUZZ_PRODUCT_O := $(patsubst %.c,$(BASE)/fuzz/obj/%.o,$(FUZZ_SOURCES))
FUZZ_O := $(patsubst %.c,$(BASE)/fuzz/obj/%.o,$(FUZZ_C) t/fuzz/fuzz.c)

# The corpus grows in out/fuzz/corpus/NAME. What breaks something is left in out/fuzz/found/, and ends it all.
.PHONY: fuzz
fuzz: $(FUZZ)
	@mkdir -p $(BASE)/fuzz/found
	@for name in $(FUZZ_NAMES); do \
	  mkdir -p $(BASE)/fuzz/corpus/$$name; \
	  echo "fuzz $$name for $(FUZZ_SECONDS) s"; \
	  $(BASE)/fuzz/$$name -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=$(BASE)/fuzz/found/$$name- \
	    $(BASE)/fuzz/corpus/$$name t/fuzz/seeds/$$name || exit 1; \
	done

$(BASE)/fuzz/obj/%.o: %.c $(OUT)/flags | $(OUT)/build_id.h
	@mkdir -p $(@D)
	$(call says,FUZZ CC,$<)
	$(Q)$(FUZZ_CC) $(CPPFLAGS_ALL) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(BASE)/fuzz/obj/t/%.o: CPPFLAGS_ALL += -It

-include $(FUZZ_O:.o=.d) $(FUZZ_PRODUCT_O:.o=.d)

$(BASE)/fuzz/libproduct.a: $(FUZZ_PRODUCT_O)
	$(archive)

$(FUZZ): $(BASE)/fuzz/%: $(BASE)/fuzz/obj/t/fuzz/fuzz_%.o $(BASE)/fuzz/obj/t/fuzz/fuzz.o $(BASE)/fuzz/libproduct.a
	$(call says,FUZZ LD,$@)
	$(Q)$(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -Wl,--gc-sections -o $@ $^ $(LIBS_ALL)

# --- without: the seeds alone, under the sanitizers of gcc ---

REPLAY := $(addprefix $(OUT)/replay/,$(FUZZ_NAMES))
REPLAY_O := $(patsubst %.c,$(OUT)/obj/%.o,$(FUZZ_C) t/fuzz/fuzz.c t/fuzz/replay.c)
-include $(REPLAY_O:.o=.d)

$(REPLAY): private LINKER := $(TEST_LINKER)
$(REPLAY): $(if $(SANITIZE),$(PIECES_O))
$(REPLAY): $(OUT)/replay/%: $(OUT)/obj/t/fuzz/fuzz_%.o $(OUT)/obj/t/fuzz/fuzz.o $(OUT)/obj/t/fuzz/replay.o \
                            $(OUT)/parts/libissuing.a $(OUT)/parts/libca.a $(OUT)/parts/libportal.a $(OUT)/parts/libhtanshin.a $(ARCHIVES)
	@mkdir -p $(@D)
	$(call program,$(LIBS_ALL))

.PHONY: replay
replay: $(REPLAY)
ifdef SANITIZE
unit: replay
endif
