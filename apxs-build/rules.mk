# Entered through the Makefile, after apxs-build/deps has run: here the tools may be asked for their settings.
.DELETE_ON_ERROR:
.SUFFIXES:

all:

include apxs-build/flags.mk
include apxs-build/modules.mk
include apxs-build/unit.mk
include apxs-build/fuzz.mk
include apxs-build/lint.mk
include apxs-build/install.mk

.PHONY: all
all: archives modules programs unit
