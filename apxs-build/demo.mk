# make demo: a complete private server to try, in a directory of its own (ANSHIN_DEMO_DIR); see apxs-build/demo.

.PHONY: demo demo-stop demo-mail
demo: deps-build
	+@$(RULES) modules programs
	@apxs-build/demo start

demo-stop:
	@apxs-build/demo stop

# The newest mail that the demo's Maildir got, decoded.
demo-mail:
	@apxs-build/demo mail
