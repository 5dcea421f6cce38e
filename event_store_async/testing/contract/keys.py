"""
The contract of what keeps the keys of subjects.

Its rules have names, K1 to K7, and so have the tests.
"""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
import copy
import pickle
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from ...errors import InvalidArgument, StoreClosed, SubjectForgotten
from ...ports import KeyStore
from ...subject_key import KEY_BYTES, ForgottenSubject, SubjectKey


class _Named(StrEnum):
    """A subject that is a str, but not a plain one."""

    CUSTOMER = "customer"


async def _key(keys: KeyStore, subject: str, *, renew: bool = False) -> SubjectKey:
    return (await keys.key_for([subject], renew=renew))[subject]


class KeyStoreContract:
    """
    The promises of `KeyStore`.

    A subclass provides:

    - ``keys``, a fixture: the store of keys under test. It may hold the keys of other tests;
    - `reopened`, a method: a second store on the same keys.

    Attributes:
        opens_others: Whether the subclass has `reopened`. If False, the tests that need it are
            skipped.
    """

    opens_others: ClassVar[bool] = True

    async def reopened(self, keys: Any) -> Any:
        """
        Return a second store on the same keys, as another process would open it.

        The tests close it, by its ``close``; *keys* must stay open.
        """
        raise NotImplementedError("override `reopened`, or set `opens_others = False`")

    @pytest.fixture
    def subject(self) -> str:
        """Return a subject that was not used before."""
        return f"customer-{uuid4().hex}"

    # K1: a subject has one key, and everybody gets the same one.

    @pytest.mark.asyncio
    async def test_k1_a_key_is_created_once(self, keys: KeyStore, subject: str) -> None:
        first = await _key(keys, subject)

        assert type(first) is SubjectKey
        assert first.subject == subject
        assert type(first.id) is UUID
        assert type(first.secret) is bytes
        assert len(first.secret) == KEY_BYTES
        assert await _key(keys, subject) == first
        assert await keys.get([subject]) == {subject: first}

    @pytest.mark.asyncio
    async def test_k1_subjects_have_keys_of_their_own(self, keys: KeyStore, subject: str) -> None:
        subjects = [f"{subject}-{number}" for number in range(5)]
        found = await keys.key_for(subjects)

        assert set(found) == set(subjects)
        assert all(key.subject == each for each, key in found.items())
        assert len({key.id for key in found.values()}) == 5
        assert len({key.secret for key in found.values()}) == 5

    @pytest.mark.asyncio
    async def test_k1_however_many_ask_at_once_all_get_the_same(
        self, keys: KeyStore, subject: str
    ) -> None:
        found = await asyncio.gather(*(_key(keys, subject) for _ in range(10)))

        assert len(set(found)) == 1
        assert await keys.get([subject]) == {subject: found[0]}

    @pytest.mark.asyncio
    async def test_k1_two_stores_create_one_key(self, keys: KeyStore, subject: str) -> None:
        other = await self._other(keys)
        try:
            subjects = [f"{subject}-{number}" for number in range(10)]
            one, two, three = await asyncio.gather(
                keys.key_for(subjects),
                other.key_for(reversed(subjects)),
                other.key_for(subjects[3:6]),
            )
            assert dict(one) == dict(two)
            assert all(one[each] == three[each] for each in subjects[3:6])
            assert await other.get(subjects) == await keys.get(subjects) == dict(one)
        finally:
            await other.close()

    @pytest.mark.asyncio
    async def test_k1_a_subject_that_is_named_twice_has_one_key(
        self, keys: KeyStore, subject: str
    ) -> None:
        found = await keys.key_for(iter([subject, subject]))

        assert set(found) == {subject}
        assert await keys.get((subject, subject)) == dict(found)

    @pytest.mark.asyncio
    async def test_k1_many_subjects_are_one_call(self, keys: KeyStore, subject: str) -> None:
        subjects = [f"{subject}-{number}" for number in range(250)]
        found = await keys.key_for(subjects)

        assert set(found) == set(subjects)
        assert await keys.get([*subjects, f"{subject}-none"]) == dict(found)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("name", ["x", "a b", "ä", "it's", 'a"b', "$personal", "%s{}", "木"])
    async def test_k1_a_subject_is_any_printable_text(
        self, keys: KeyStore, subject: str, name: str
    ) -> None:
        named, longest = f"{subject}{name}", f"{subject}{name}".ljust(200, "x")
        found = await keys.key_for([named, longest])

        assert found[named].subject == named
        assert await keys.get([longest]) == {longest: found[longest]}
        assert await keys.get([named.upper()]) == {}

    @pytest.mark.asyncio
    async def test_k1_a_subject_of_a_subclass_is_a_plain_one(
        self, keys: KeyStore, subject: str
    ) -> None:
        class Named(str):
            __slots__ = ()

            def __str__(self) -> str:
                return "something else"

        found = await keys.key_for([Named(subject)])
        assert [type(each) for each in found] == [str]
        assert found[subject].subject == subject
        assert type(found[subject].subject) is str
        assert set(await keys.key_for([_Named.CUSTOMER])) == {"customer"}

    # K2: what never had a key is left out.

    @pytest.mark.asyncio
    async def test_k2_what_never_had_a_key_is_left_out(self, keys: KeyStore, subject: str) -> None:
        known = await _key(keys, f"{subject}-known")

        assert await keys.get([subject]) == {}
        assert await keys.get([subject, known.subject]) == {known.subject: known}
        assert await keys.get([]) == {}
        assert await keys.key_for([]) == {}
        assert await keys.get([subject]) == {}  # asking for it has not created it

    # K3: what is forgotten stays so.

    @pytest.mark.asyncio
    async def test_k3_a_forgotten_subject_has_no_key(self, keys: KeyStore, subject: str) -> None:
        await _key(keys, subject)
        forgotten = await keys.forget(subject)

        assert type(forgotten) is ForgottenSubject
        assert forgotten.subject == subject
        assert forgotten.forgotten_at.utcoffset() == timedelta(0)
        assert forgotten.forgotten_at.microsecond % 1000 == 0
        assert await keys.get([subject]) == {subject: forgotten}

    @pytest.mark.asyncio
    async def test_k3_forgetting_again_keeps_the_first_time(
        self, keys: KeyStore, subject: str
    ) -> None:
        await _key(keys, subject)
        first = await keys.forget(subject)

        assert await keys.forget(subject) == first
        assert set(await asyncio.gather(*(keys.forget(subject) for _ in range(5)))) == {first}
        assert await keys.get([subject]) == {subject: first}

    @pytest.mark.asyncio
    async def test_k3_what_one_store_forgets_is_forgotten_by_all(
        self, keys: KeyStore, subject: str
    ) -> None:
        other = await self._other(keys)
        try:
            key = await _key(keys, subject)
            assert await other.get([subject]) == {subject: key}
            forgotten = await other.forget(subject)

            assert await keys.get([subject]) == {subject: forgotten}
            with pytest.raises(SubjectForgotten):
                await keys.key_for([subject])
        finally:
            await other.close()

    @pytest.mark.asyncio
    async def test_k3_forgetting_one_leaves_the_others(self, keys: KeyStore, subject: str) -> None:
        kept, gone = f"{subject}-kept", f"{subject}-gone"
        found = await keys.key_for([kept, gone])
        forgotten = await keys.forget(gone)

        assert await keys.get([kept, gone]) == {kept: found[kept], gone: forgotten}

    @pytest.mark.asyncio
    async def test_k3_forgetting_and_creating_at_once_end_in_one_order(
        self, keys: KeyStore, subject: str
    ) -> None:
        results: list[Any] = await asyncio.gather(
            *(_key(keys, subject) for _ in range(4)),
            keys.forget(subject),
            *(_key(keys, subject) for _ in range(4)),
            return_exceptions=True,
        )
        forgotten = results.pop(4)

        assert isinstance(forgotten, ForgottenSubject)
        assert await keys.get([subject]) == {subject: forgotten}
        created = {each for each in results if isinstance(each, SubjectKey)}
        assert len(created) <= 1
        others = [each for each in results if not isinstance(each, SubjectKey)]
        assert all(isinstance(each, SubjectForgotten) for each in others)

    # K4: nobody creates a key for a forgotten subject by accident.

    @pytest.mark.asyncio
    async def test_k4_a_forgotten_subject_gets_no_key(self, keys: KeyStore, subject: str) -> None:
        await _key(keys, subject)
        forgotten = await keys.forget(subject)

        with pytest.raises(SubjectForgotten) as caught:
            await keys.key_for([f"{subject}-other", subject])
        assert caught.value.subject == subject
        assert subject in str(caught.value)
        assert await keys.get([subject]) == {subject: forgotten}

    @pytest.mark.asyncio
    async def test_k4_a_subject_that_never_had_a_key_is_forgotten_as_well(
        self, keys: KeyStore, subject: str
    ) -> None:
        forgotten = await keys.forget(subject)

        assert await keys.get([subject]) == {subject: forgotten}
        assert await keys.forget(subject) == forgotten
        with pytest.raises(SubjectForgotten):
            await keys.key_for([subject])

    # K5: a person who comes back has another key.

    @pytest.mark.asyncio
    async def test_k5_a_subject_that_comes_back_has_another_key(
        self, keys: KeyStore, subject: str
    ) -> None:
        old = await _key(keys, subject)
        forgotten = await keys.forget(subject)
        new = await _key(keys, subject, renew=True)

        assert new.id != old.id
        assert new.secret != old.secret
        assert await keys.get([subject]) == {subject: new}
        assert await _key(keys, subject) == new
        assert await _key(keys, subject, renew=True) == new

        again = await keys.forget(subject)
        assert again.forgotten_at >= forgotten.forgotten_at
        assert await keys.get([subject]) == {subject: again}
        with pytest.raises(SubjectForgotten):
            await keys.key_for([subject])

    @pytest.mark.asyncio
    async def test_k5_renewing_keeps_a_key_and_creates_one(
        self, keys: KeyStore, subject: str
    ) -> None:
        known, new, back = (f"{subject}-{each}" for each in ("known", "new", "back"))
        key = await _key(keys, known)
        await keys.forget(back)
        found = await keys.key_for([known, new, back], renew=True)

        assert set(found) == {known, new, back}
        assert found[known] == key
        assert await keys.get([known, new, back]) == dict(found)

    @pytest.mark.asyncio
    async def test_k5_however_many_renew_at_once_all_get_the_same(
        self, keys: KeyStore, subject: str
    ) -> None:
        old = await _key(keys, subject)
        await keys.forget(subject)
        found = await asyncio.gather(*(_key(keys, subject, renew=True) for _ in range(10)))

        assert len(set(found)) == 1
        assert found[0].id != old.id
        assert await keys.get([subject]) == {subject: found[0]}

    # K6: what is not valid is refused, and nothing is created.

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "wrong", [None, 7, b"a", "", "a\nb", "a\x1b[31m", "\ud800", "x" * 201, ("a",)], ids=repr
    )
    async def test_k6_what_is_no_subject_is_refused(
        self, keys: KeyStore, subject: str, wrong: Any
    ) -> None:
        with pytest.raises(InvalidArgument):
            await keys.get([subject, wrong])
        with pytest.raises(InvalidArgument):
            await keys.key_for([subject, wrong])
        with pytest.raises(InvalidArgument):
            await keys.forget(wrong)
        assert await keys.get([subject]) == {}

    @pytest.mark.asyncio
    @pytest.mark.parametrize("wrong", [None, 7, "customer-7", b"customer-7"], ids=repr)
    async def test_k6_what_is_no_list_of_subjects_is_refused(
        self, keys: KeyStore, wrong: Any
    ) -> None:
        with pytest.raises(InvalidArgument):
            await keys.get(wrong)
        with pytest.raises(InvalidArgument):
            await keys.key_for(wrong)

    @pytest.mark.asyncio
    @pytest.mark.parametrize("wrong", [None, 1, "yes"], ids=repr)
    async def test_k6_renew_is_true_or_false(
        self, keys: KeyStore, subject: str, wrong: Any
    ) -> None:
        with pytest.raises(InvalidArgument):
            await keys.key_for([subject], renew=wrong)
        assert await keys.get([subject]) == {}

    # K7: what a store gives, and a store that is closed.

    @pytest.mark.asyncio
    async def test_k7_a_secret_is_not_shown(self, keys: KeyStore, subject: str) -> None:
        key = await _key(keys, subject)

        assert subject in repr(key)
        assert repr(key.secret) not in repr(key)
        assert key.secret.hex() not in repr(key)

    @pytest.mark.asyncio
    async def test_k7_what_it_gives_can_be_pickled_and_copied(
        self, keys: KeyStore, subject: str
    ) -> None:
        key = await _key(keys, subject)
        forgotten = await keys.forget(subject)
        with pytest.raises(SubjectForgotten) as caught:
            await keys.key_for([subject])

        for each in (key, forgotten):
            assert pickle.loads(pickle.dumps(each)) == each  # noqa: S301 - its own
            assert copy.deepcopy(each) == each
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - its own
        assert (type(again), again.subject) == (SubjectForgotten, subject)

    @pytest.mark.asyncio
    async def test_k7_what_a_caller_changes_does_not_change_the_store(
        self, keys: KeyStore, subject: str
    ) -> None:
        key = await _key(keys, subject)
        for found in (await keys.get([subject]), await keys.key_for([subject])):
            if isinstance(found, dict):
                found.clear()

        assert await keys.get([subject]) == {subject: key}

    @pytest.mark.asyncio
    async def test_k7_a_closed_store_refuses_calls_and_the_keys_stay(
        self, keys: KeyStore, subject: str
    ) -> None:
        other = await self._other(keys)
        key = await _key(other, subject)
        await other.close()
        await other.close()

        with pytest.raises(StoreClosed):
            await other.get([subject])
        with pytest.raises(StoreClosed):
            await other.key_for([subject])
        with pytest.raises(StoreClosed):
            await other.forget(subject)
        assert await keys.get([subject]) == {subject: key}

    async def _other(self, keys: KeyStore) -> Any:
        if not self.opens_others:
            pytest.skip(f"{type(self).__name__}.opens_others is False")
        return await self.reopened(keys)
