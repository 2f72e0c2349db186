# Compiler, flags and libraries; where things are built.

ifeq ($(origin CC),default)
CC := gcc
endif
APXS ?= apxs
APR_CONFIG ?= apr-1-config

# One short line a step; V=1 shows the commands.
Q := $(if $(V),,@)
says = @$(if $(V),:,echo '  $(1)	$(2)')

BASE := apxs-build/out
OUT ?= $(BASE)$(if $(SANITIZE),/asan)$(if $(COVERAGE),/coverage)

# Where make install puts things; the programs know their defaults from here.
PREFIX ?= /usr
SBINDIR ?= $(PREFIX)/sbin
PROGRAMDIR ?= $(PREFIX)/lib/anshin
DATADIR ?= $(PREFIX)/share/anshin
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/anshin
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
CONFDIR ?= /etc/apache2/conf-available
STATEDIR ?= /var/lib/anshin
PLACES := -DANSHIN_SHARE_DIR=\"$(DATADIR)\" -DANSHIN_PROGRAM_DIR=\"$(PROGRAMDIR)\" \
          -DANSHIN_STATE_DIR_DEFAULT=\"$(STATEDIR)\"

# System headers come by -isystem, so that -Wconversion judges our code only.
SYSTEM_DIRS := $(patsubst -I%,%,$(shell $(APR_CONFIG) --includes)) $(shell $(APXS) -q INCLUDEDIR)
CPPFLAGS_ALL := -Imodules -Ischema -I$(OUT) $(addprefix -isystem ,$(SYSTEM_DIRS)) $(shell $(APR_CONFIG) --cppflags) $(PLACES)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat=2 -Werror
# A section for each function: unit programs leave out what they do not reach (unit.mk).
# No detour for calls into libraries (-fno-plt): their addresses are known before the first call (-z now).
CFLAGS_COMMON := -std=gnu11 $(WARNINGS) -fPIC -fno-plt -fvisibility=hidden -ffunction-sections -fdata-sections -g -pthread

ifdef SANITIZE
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Lines and functions are all that a report needs of the debugging information.
CFLAGS_ALL := $(CFLAGS_COMMON) -O1 -g1 $(SANITIZERS)
else ifdef COVERAGE
SANITIZERS := --coverage
CFLAGS_ALL := $(CFLAGS_COMMON) -O0 -fprofile-update=atomic $(SANITIZERS)
else
SANITIZERS :=
CFLAGS_ALL := $(CFLAGS_COMMON) -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
endif

LDFLAGS_ALL := -pthread -Wl,--as-needed -Wl,-z,relro,-z,now -Wl,--gc-sections $(SANITIZERS)
# Some hundred test programs are linked by mold where it is, else by gold: the default linker takes many times as long.
TEST_LINKER := $(if $(shell command -v mold),-fuse-ld=mold,$(if $(shell command -v ld.gold),-fuse-ld=gold))
LIBS := -laprutil-1 -lapr-1 -ljansson -lutf8proc -largon2 -lcrypt -loath -lssl -lcrypto
# With the library that reaches a CA key on a token.
LIBS_KEY := $(LIBS) -lp11
# With all that a program of ours may need: htanshin reads CSV.
LIBS_ALL := $(LIBS_KEY) -lcsv

# Whatever decides how an object looks; objects depend on it, so that another compiler or flag builds anew. Expanded here: what
# a target adds for itself holds for its prerequisites too, and this one would say another thing in every call of make.
ALL_FLAGS := $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL)
$(OUT)/flags: always
	@mkdir -p $(OUT)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' >$@
.PHONY: always
