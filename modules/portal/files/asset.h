/*
 * Names of the portal's style sheet, script and pictures.
 */
#ifndef ANSHIN_PORTAL_ASSET_H
#define ANSHIN_PORTAL_ASSET_H

/* The media type that name is served with; NULL when it is not: no name of a file below the directory, or of a kind
 * that is not served. name: as it stands in the address behind the directory, decoded. */
const char *anshin_asset_type(const char *name);

#endif
