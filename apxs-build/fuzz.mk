# Fuzz targets: t/fuzz/fuzz_NAME.c with libFuzzer's entry point, seeds in t/fuzz/seeds/NAME/.

FUZZ_CC ?= clang-14
FUZZ_SECONDS ?= 600
FUZZ_C := $(sort $(wildcard t/fuzz/fuzz_*.c))
FUZZ := $(patsubst t/fuzz/%.c,$(BASE)/fuzz/%,$(FUZZ_C))
FUZZ_SOURCES := $(call sources,core) $(call sources,store) $(call sources,crypto) $(filter-out %/main.c %_main.c,$(call sources,ca))

.PHONY: fuzz
fuzz: $(FUZZ)
	@for target in $(FUZZ); do \
	  name=$${target##*/fuzz_}; mkdir -p $(BASE)/fuzz/corpus/$$name t/fuzz/seeds/$$name; \
	  echo "fuzz $$name for $(FUZZ_SECONDS) s"; \
	  $$target -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -artifact_prefix=$(BASE)/fuzz/ \
	    $(BASE)/fuzz/corpus/$$name t/fuzz/seeds/$$name || exit 1; \
	done

$(FUZZ): $(BASE)/fuzz/%: t/fuzz/%.c $(FUZZ_SOURCES) | $(OUT)/build_id.h
	@mkdir -p $(@D)
	$(FUZZ_CC) $(CPPFLAGS_ALL) -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -ffunction-sections -pthread \
	  -Wl,--gc-sections -o $@ $^ $(LIBS)
