/*
 * Where a flow stands: the page of each of its stages.
 */
#include "portal/response/flow_place.h"

static const struct {
    anshin_flow_kind_t kind;
    anshin_flow_stage_t stage;
    const char *path;
} places[] = {
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_OPENED, "/register"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_CODE_OK, "/register/credentials"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_RESULT, "/register/done"},
    {ANSHIN_FLOW_REGISTER, ANSHIN_STAGE_ENDED, "/register/done"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_OPENED, "/download"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_FETCHED, "/download"},
    {ANSHIN_FLOW_DOWNLOAD, ANSHIN_STAGE_RESULT, "/download/done"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_OPENED, "/login/code"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_CODE_OK, "/login/change"},
    {ANSHIN_FLOW_LOGIN, ANSHIN_STAGE_RESULT, "/login"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_OPENED, "/reissue/password/prove"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_RESULT, "/reissue/password/done"},
    {ANSHIN_FLOW_REISSUE_PASSWORD, ANSHIN_STAGE_ENDED, "/reissue/password/done"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_OPENED, "/reissue/certificate/prove"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_RESULT, "/reissue/certificate/done"},
    {ANSHIN_FLOW_REISSUE_CERTIFICATE, ANSHIN_STAGE_ENDED, "/reissue/certificate/done"},
    {ANSHIN_FLOW_LOST_DEVICE, ANSHIN_STAGE_OPENED, "/lost/prove"},
    {ANSHIN_FLOW_LOST_DEVICE, ANSHIN_STAGE_CODE_OK, "/lost/choose"},
    {ANSHIN_FLOW_LOST_DEVICE, ANSHIN_STAGE_RESULT, "/lost/done"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_OPENED, "/terminal/confirm"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_RESULT, "/terminal/done"},
    {ANSHIN_FLOW_TERMINAL, ANSHIN_STAGE_ENDED, "/terminal/done"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_OPENED, "/method/confirm"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_RESULT, "/method/done"},
    {ANSHIN_FLOW_METHOD, ANSHIN_STAGE_ENDED, "/method/done"},
    {ANSHIN_FLOW_RENEWAL, ANSHIN_STAGE_OPENED, "/renewal/confirm"},
    {ANSHIN_FLOW_RENEWAL, ANSHIN_STAGE_RESULT, "/renewal/done"},
    {ANSHIN_FLOW_RENEWAL, ANSHIN_STAGE_ENDED, "/renewal/done"},
    {ANSHIN_FLOW_SELF_LOCK, ANSHIN_STAGE_OPENED, "/history/lock/confirm"},
    {ANSHIN_FLOW_SELF_LOCK, ANSHIN_STAGE_RESULT, "/history/lock/done"},
    {ANSHIN_FLOW_RENEWAL_ENDED, ANSHIN_STAGE_RESULT, "/renewal/ended/done"},
    {ANSHIN_FLOW_RENEWAL_ENDED, ANSHIN_STAGE_ENDED, "/renewal/ended/done"},
};

const char *anshin_flow_place(const anshin_flow_t *flow)
{
    apr_size_t i;

    for (i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (places[i].kind == flow->kind && places[i].stage == flow->stage) {
            return places[i].path;
        }
    }
    return NULL;
}
