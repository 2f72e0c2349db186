# What is built of which folder. A folder without sources yields nothing.

sources = $(sort $(wildcard modules/$(1)/*.c modules/$(1)/*/*.c))
objects = $(patsubst %.c,$(OUT)/obj/%.o,$(1))

# The code that issues: kept out of the archives, linked by name into the programs that may hold it.
SIGN_C := $(wildcard modules/crypto/pki/sign*.c)
PACK_C := $(wildcard modules/crypto/pki/pack.c)
APPLE_C := $(wildcard modules/crypto/apple/sign_apple.c)
SIGNER_C := $(wildcard modules/ca/signer/*.c)

CORE_O := $(call objects,$(call sources,core))
# The store that needs libpq is a shared object of its own.
PGSQL_O := $(if $(shell command -v pg_config),$(call objects,$(wildcard modules/store/pgsql/*.c)))
STORE_O := $(call objects,$(filter-out modules/store/pgsql/%,$(call sources,store)))
CRYPTO_O := $(call objects,$(filter-out $(SIGN_C) $(PACK_C) $(APPLE_C),$(call sources,crypto)))
RUNTIME_O := $(call objects,$(call sources,runtime))
HTTP_O := $(call objects,$(call sources,http))
AUTH_O := $(call objects,$(call sources,auth))
PORTAL_O := $(call objects,$(call sources,portal))
CA_O := $(call objects,$(filter-out $(SIGNER_C),$(call sources,ca)))
HTANSHIN_O := $(call objects,$(call sources,htanshin))
SIGN_O := $(call objects,$(SIGN_C))
PACK_O := $(call objects,$(PACK_C))
APPLE_O := $(call objects,$(APPLE_C))
SIGNER_O := $(call objects,$(SIGNER_C))

CORE_A := $(if $(CORE_O),$(OUT)/libanshin-core.a)
STORE_A := $(if $(STORE_O),$(OUT)/libanshin-store.a)
CRYPTO_A := $(if $(CRYPTO_O),$(OUT)/libanshin-crypto.a)
HTTP_A := $(if $(HTTP_O),$(OUT)/libanshin-http.a)
RUNTIME_A := $(if $(RUNTIME_O),$(OUT)/libanshin-runtime.a)
BASE_A := $(RUNTIME_A) $(STORE_A) $(CRYPTO_A) $(CORE_A)
ARCHIVES := $(HTTP_A) $(BASE_A)

PGSQL_SO := $(if $(PGSQL_O),$(OUT)/anshin_store_pgsql.so)
MODULES := $(PGSQL_SO) $(if $(AUTH_O),$(OUT)/mod_anshin_auth.so) $(if $(PORTAL_O),$(OUT)/mod_anshin_portal.so)
PROGRAMS := $(if $(CA_O),$(OUT)/anshin-ca) $(if $(SIGNER_O),$(OUT)/anshin-signer) \
            $(if $(HTANSHIN_O),$(OUT)/htanshin)

.PHONY: archives modules programs
archives: $(ARCHIVES)
modules: $(if $(filter pgsql,$(WITHOUT)),$(filter-out $(PGSQL_SO),$(MODULES)),$(MODULES))
programs: $(PROGRAMS)

# --- objects ---

EVERY_O := $(PGSQL_O) $(CORE_O) $(STORE_O) $(CRYPTO_O) $(RUNTIME_O) $(HTTP_O) $(AUTH_O) $(PORTAL_O) $(CA_O) $(HTANSHIN_O) $(SIGN_O) $(PACK_O) \
           $(APPLE_O) $(SIGNER_O)

# The module structures are what httpd looks up by name, and their macro sets no visibility.
$(OUT)/obj/modules/auth/mod_%.o $(OUT)/obj/modules/portal/mod_%.o: VISIBILITY := -fvisibility=default

$(OUT)/obj/%.o: %.c $(OUT)/flags | $(OUT)/build_id.h
	@mkdir -p $(@D)
	$(call says,CC,$<)
	$(Q)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(OPTIMISED) $(VISIBILITY) $(ANALYZER) -MMD -MP -c -o $@ $<

-include $(EVERY_O:.o=.d)

# Both modules compare it, so that a module never works on the structures of another build.
BUILD_INPUTS := $(sort $(wildcard modules/*/*.c modules/*/*.h modules/*/*/*.c modules/*/*/*.h modules/*/*/*.def schema/*.def))
$(OUT)/build_id.h: $(BUILD_INPUTS) $(OUT)/flags
	@cat $^ | sha256sum | sed 's/\(.\{32\}\).*/#define ANSHIN_BUILD_ID "\1"/' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

# --- archives; made anew, since ar would keep members whose source has gone ---

define archive
$(call says,AR,$@)
@rm -f $@
$(Q)$(AR) rcsD $@ $^
endef

$(OUT)/libanshin-core.a: $(CORE_O)
	$(archive)
$(OUT)/libanshin-store.a: $(STORE_O)
	$(archive)
$(OUT)/libanshin-crypto.a: $(CRYPTO_O)
	$(archive)
$(OUT)/libanshin-runtime.a: $(RUNTIME_O)
	$(archive)
$(OUT)/libanshin-http.a: $(HTTP_O)
	$(archive)

# --- modules, linked through apxs. The two -Wl arguments belong together: with a comma between them libtool exports
# everything without a word (t/check/symbols.t looks). libtool's own products stay in $(OUT)/link. ---

define module
$(call says,APXS,$@)
@mkdir -p $(OUT)/link
$(Q)$(APXS) -S CC="$(CC)" -c -o $(OUT)/link/$(basename $(@F)).la -Wl,-export-symbols-regex \
  -Wl,'^anshin_[a-z]+_module$$' $(addprefix -Wl$(comma),$(SANITIZERS)) $^ $(HTTP_A) $(BASE_A) $(LIBS) $(1) \
  >$(OUT)/link/$(basename $(@F)).log 2>&1 || { cat $(OUT)/link/$(basename $(@F)).log; exit 1; }
@cp $(OUT)/link/.libs/$(@F) $@
endef
comma := ,

$(OUT)/mod_anshin_auth.so: $(AUTH_O) $(HTTP_A) $(BASE_A)
	$(call module,-lcap)
$(OUT)/mod_anshin_portal.so: $(PORTAL_O) $(HTTP_A) $(BASE_A)
	$(call module,-lqrencode)

# What it needs of the core is in it once more: nothing of a process is looked up by name but what store_pgsql.h exports.
PGSQL_INCLUDES := $(shell pg_config --includedir 2>/dev/null)
$(PGSQL_O): private CPPFLAGS_ALL += -isystem $(PGSQL_INCLUDES)
$(PGSQL_SO): $(PGSQL_O) $(CORE_A)
	$(call says,LD,$@)
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,-Bsymbolic -o $@ $(PGSQL_O) $(CORE_A) -lpq $(LIBS)

# --- programs ---

define program
$(call says,LD,$@)
$(Q)$(CC) $(LDFLAGS_ALL) $(LINKER) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(1)
endef

$(OUT)/anshin-ca: $(CA_O) $(PACK_O) $(BASE_A)
	$(call program,$(LIBS))
$(OUT)/htanshin: $(HTANSHIN_O) $(SIGN_O) $(BASE_A)
	$(call program,$(LIBS_ALL))
# It holds the CA key, and has no network and no records: of the worker's files only those it calls (t/check/symbols.t).
$(OUT)/anshin-signer: $(SIGNER_O) $(SIGN_O) $(APPLE_O) $(if $(CA_O),$(OUT)/parts/libca.a) $(RUNTIME_A) $(CRYPTO_A) $(CORE_A)
	$(call program,$(LIBS_KEY))
