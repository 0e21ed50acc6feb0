"""What schemathesis cannot know of the shop: what the other shop has, and which values the document has no words for."""

import json
import os
from datetime import date

import schemathesis
from hypothesis import strategies

THEIR_IDS = json.loads(os.environ["SHOP_THEIR_IDS"])
# What must be in no answer.
THEIRS = json.loads(os.environ["SHOP_THEIRS"])
# Whether the token is for another shop than the host.
ELSEWHERE = "SHOP_ELSEWHERE" in os.environ
ATTACKS = open("attacks", "w", buffering=1)

days = strategies.dates(date(1886, 1, 1), date(2100, 12, 31)).map(str)
schemathesis.openapi.format("date", days)
schemathesis.openapi.format("cursor", strategies.builds("{}_{}".format, days, strategies.uuids()))


@schemathesis.hook
def flatmap_path_parameters(context, path_parameters):
    """Every other id is one of the other shop's."""
    as_it_is = strategies.just(path_parameters)
    if not path_parameters:
        return as_it_is
    return as_it_is | strategies.sampled_from(THEIR_IDS).map(lambda id: path_parameters | {"id": id})


@schemathesis.check
def nothing_of_the_other_shop(context, response, case):
    answer = response.text + str(response.headers)
    for theirs in THEIRS:
        assert theirs not in answer, f"{theirs}, which is the other shop's, is in the answer"


@schemathesis.check
def ids_of_the_other_shop_name_nothing(context, response, case):
    if ELSEWHERE or case.path_parameters.get("id") not in THEIR_IDS:
        return
    ATTACKS.write(case.operation.label + "\n")
    if case.meta.generation.mode.is_positive:
        assert response.status_code in (404, 405), f"{response.status_code} for an id of the other shop"
    assert response.status_code >= 400, f"{response.status_code} for an id of the other shop"


@schemathesis.check
def nobody_is_let_in(context, response, case):
    if ELSEWHERE:
        token = "Bearer " + os.environ["SHOP_TOKEN"]
        expected = 403 if response.request.headers.get("Authorization") == token else 401
        assert response.status_code == expected, f"{response.status_code} in place of {expected}"
