# Unit programs: t/unit/test_NAME.c each, linked with every archive. --gc-sections drops what a test does not reach,
# and with it the references that only httpd could satisfy. Other .c files of t/unit are shared by all tests.

UNIT_C := $(sort $(wildcard t/unit/test_*.c))
UNIT_SHARED_O := $(patsubst %.c,$(OUT)/obj/%.o,$(filter-out $(UNIT_C),$(wildcard t/unit/*.c)))
UNIT_O := $(patsubst %.c,$(OUT)/obj/%.o,$(UNIT_C))
UNIT := $(patsubst t/unit/%.c,$(OUT)/unit/%,$(UNIT_C))

.PHONY: unit
unit: $(UNIT)

-include $(UNIT_O:.o=.d) $(UNIT_SHARED_O:.o=.d)

# The folders that end in programs and modules, as archives for tests of their parts.
PARTS_A := $(if $(AUTH_O)$(PORTAL_O)$(CA_O)$(HTANSHIN_O),$(OUT)/unit/libparts.a)
$(OUT)/unit/libparts.a: $(AUTH_O) $(PORTAL_O) $(CA_O) $(HTANSHIN_O)
	@mkdir -p $(@D)
	$(archive)

UNIT_ISSUING := $(filter $(OUT)/unit/test_sign $(OUT)/unit/test_pack $(OUT)/unit/test_signer%,$(UNIT))
$(UNIT_ISSUING): $(SIGN_O) $(PACK_O) $(filter-out %/signer.o %/signer_main.o,$(SIGNER_O))

$(UNIT): $(OUT)/unit/%: $(OUT)/obj/t/unit/%.o $(UNIT_SHARED_O) $(PARTS_A) $(ARCHIVES)
	@mkdir -p $(@D)
	$(call program,$(LIBS))
