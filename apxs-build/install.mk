# make install, make uninstall: below DESTDIR, the module directory as apxs names it, the rest below PREFIX (flags.mk).

LIBEXECDIR ?= $(shell $(APXS) -q LIBEXECDIR)
INSTALL = OUT='$(OUT)' DESTDIR='$(DESTDIR)' LIBEXECDIR='$(LIBEXECDIR)' SBINDIR='$(SBINDIR)' PROGRAMDIR='$(PROGRAMDIR)' \
          DATADIR='$(DATADIR)' MANDIR='$(MANDIR)' DOCDIR='$(DOCDIR)' \
          COMPLETIONDIR='$(COMPLETIONDIR)' CONFDIR='$(CONFDIR)' STATEDIR='$(STATEDIR)' \
          apxs-build/install

.PHONY: install uninstall
install: modules programs
	@$(INSTALL) install

uninstall:
	@$(INSTALL) uninstall
