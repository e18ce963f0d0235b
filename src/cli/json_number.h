/* json_number.h: numbers in the JSON that verbs print. */
#ifndef RP_CLI_JSON_NUMBER_H
#define RP_CLI_JSON_NUMBER_H

/* Prints `, "KEY": VALUE` with so many digits behind the point. JSON has no infinities and no NaN:
 * a figure that there is none of (an error rate over no gold at all) is null. */
void rp_cli_json_number(const char *key, double value, int decimals);

#endif
