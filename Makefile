# Anshin Login. Everything is built into apxs-build/out/; nothing else in the tree changes but t/bench/RESULTS.md, by make bench.
#
#   make all          both modules, worker, signer, command, unit programs
#   make demo         install what is missing, build, and start a complete private server to try (demo-stop, demo-mail)
#   make test         everything that proves the project, one prove, one closing count
#   make check        the part of it that is quick: unit programs and guards
#   make lint         formatting and static analysis
#   make valgrind     unit programs and HTTP suites under valgrind
#   make coverage     which lines of the core, store and crypto no test reaches
#   make accessibility-report     the test report in the form of JIS X 8341-3:2016, from a run of the browser suites
#   make cluster      the suites of httpd and of the command with their store in PostgreSQL
#   make fuzz bench crash year screenshots     the long forms, see t/fuzz, t/bench, t/crash, t/year, t/browser
#   make install      below DESTDIR and the directories that apxs names; a configuration is never overwritten
#   make deb          a Debian package for the Debian at hand, in apxs-build/out/deb
#   make deb-test     packages of Debian 12 and 13, built and used in chroots from nothing (root, some minutes)
#   make rpm          an RPM (apxs-build/rpm/anshin.spec), where rpmbuild is
#   make sbom         the bill of materials (CycloneDX, JSON) in apxs-build/out/sbom.json
#   make uninstall    takes away what make install brought, but no configuration that was edited and no state
#
# CC=clang-14 builds with clang; SANITIZE=1 builds the ASan and UBSan variant into apxs-build/out/asan/.

.PHONY: all test check lint valgrind coverage fuzz bench crash cluster year screenshots accessibility-report install uninstall deb deb-test rpm sbom clean deps-%

# The lock: two makes at once in one directory would tread on each other.
OUT_DIR = $(or $(OUT),apxs-build/out$(if $(SANITIZE),/asan)$(if $(COVERAGE),/coverage))
RULES = mkdir -p '$(OUT_DIR)' && flock '$(OUT_DIR)/lock' $(MAKE) --no-print-directory -f apxs-build/rules.mk

all: deps-build
	+@$(RULES) all

include apxs-build/demo.mk

test: deps-build deps-test
	@apxs-build/test all

check: deps-build
	@apxs-build/test check

lint: deps-build deps-lint
	@apxs-build/lint

valgrind: all deps-test deps-valgrind
	@apxs-build/valgrind

coverage: deps-build deps-test
	@apxs-build/coverage

fuzz: deps-build deps-fuzz
	+@$(RULES) fuzz

bench: all deps-test deps-bench
	+@$(RULES) bench
	@t/bench/run

crash: all deps-test
	apxs-build/out/crash --long
	t/crash/server.t --long
	t/crash/graceful.t --long
	t/crash/disk.t --long
	perl -It/lib t/http/state-directory.t --long

cluster: all deps-test
	@t/cluster/everything

year: all deps-test
	t/year/year.t --long

screenshots: all deps-test
	@apxs-build/npm
	ANSHIN_SCREENSHOTS=apxs-build/out/screenshots prove --verbose -It/lib t/browser/*.t

accessibility-report: all deps-test
	@apxs-build/npm
	@apxs-build/accessibility-report

install: deps-build
	+@$(RULES) install

uninstall:
	+@$(RULES) uninstall

deb: deps-build deps-deb
	@apxs-build/deb

deb-test: deps-deb deps-test
	@apxs-build/deb-test

rpm: deps-build deps-rpm
	@apxs-build/rpm/build

sbom:
	@mkdir -p apxs-build/out && apxs-build/sbom >apxs-build/out/sbom.json && echo apxs-build/out/sbom.json

clean:
	rm -rf apxs-build/out

deps-%:
	@apxs-build/deps $*
