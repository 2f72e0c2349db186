# make install: below DESTDIR, module directory as apxs names it, the rest below PREFIX (flags.mk).

LIBEXECDIR ?= $(shell $(APXS) -q LIBEXECDIR)

define copy_tree
@cd $(1) && find . -type f -exec install -D -m 0644 '{}' '$(abspath $(DESTDIR))$(2)/{}' \;
endef

.PHONY: install
install: modules programs
	install -d $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(SBINDIR) $(DESTDIR)$(PROGRAMDIR) $(DESTDIR)$(CONFDIR) \
	  $(DESTDIR)$(MANDIR)/man8
	install -m 0644 $(MODULES) $(DESTDIR)$(LIBEXECDIR)
	install -m 0755 $(filter %/htanshin,$(PROGRAMS)) $(DESTDIR)$(SBINDIR)
	install -m 0755 $(filter-out %/htanshin,$(PROGRAMS)) $(DESTDIR)$(PROGRAMDIR)
	install -m 0644 $(wildcard conf.d/*.conf) $(DESTDIR)$(CONFDIR)
	install -m 0644 $(wildcard htdocs/manual/man/*.8) $(DESTDIR)$(MANDIR)/man8
	$(call copy_tree,htdocs,$(DATADIR))
	install -d $(DESTDIR)$(MANDIR)/man8
	install -m 0644 $(wildcard htdocs/manual/man/*.8) $(DESTDIR)$(MANDIR)/man8
