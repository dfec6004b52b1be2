"""Proving again who one is, before signing: the one place that knows the ways. A new way calls `note`.

What is signed and how long a proof lasts is decided in `engine/policies.py`.
"""

from __future__ import annotations

from flask import request

from engine.clock import utcnow
from engine.commands import accounts, sign_ins
from engine.errors import NotAllowed
from engine.queries.proofs import ProofWays, proof_ways
from web import key_challenges, sign_in, visitor
from web.accounts import vault


def is_fresh() -> bool:
    """True while the last proof is good enough to sign."""
    return visitor.signed_in_person().may_sign(now=visitor.now())


def ways() -> ProofWays:
    """The ways in which the person can prove who they are."""
    with visitor.database().reading() as session:
        return proof_ways(
            session, by=visitor.current_actor(), provider=sign_in.oidc_is_offered(), passkeys=key_challenges.offered()
        )


def check() -> None:
    """Check what the form of a signature sent, unless a proof is still fresh. Raises NotAllowed with a sentence."""
    if is_fresh():
        return
    found, known = visitor.signed_in_person(), ways()
    if known.nothing_to_prove:
        with visitor.database().transaction() as session:
            sign_ins.sign_as_demo_person(session, sign_in_id=found.sign_in_id, by=found.actor, now=utcnow())
        visitor.look_again()
        return
    if known.passkey and request.form.get("credential"):
        _check_passkey()
        note(how="passkey")
        return
    try:
        _check_password(second_factor=known.code)
    except NotAllowed:
        sign_in.note_refusal(how="proof")
        raise
    note(how="second_factor" if known.code else "password")


def note(*, how: str) -> None:
    """The person of this session has just proved who they are."""
    found = visitor.signed_in_person()
    with visitor.database().transaction() as session:
        sign_ins.prove_again(session, sign_in_id=found.sign_in_id, how=how, by=found.actor, now=utcnow())
    visitor.look_again()


def _check_passkey() -> None:
    proved = key_challenges.proved(visitor.current_actor().account_id)
    if proved.account_id is None:
        raise NotAllowed(proved.refusal)


def _check_password(*, second_factor: bool) -> None:
    found = visitor.signed_in_person()
    account_id = found.actor.account_id
    assert account_id is not None  # a session has an account
    with visitor.database().transaction() as session:
        sign_ins.prove_password(
            session, territory_id=found.territory.id, login=found.login, password=request.form.get("password", "")
        )
        if second_factor:
            accounts.check_second_factor(
                session, account_id=account_id, code=request.form.get("code", ""), vault=vault(), now=utcnow()
            )
