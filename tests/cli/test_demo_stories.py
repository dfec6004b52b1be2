"""The stories of the demonstration: one file tells one patient's, or that of several who share it."""

from cli.demo.education import PLACES, SLOT
from cli.demo.load import demo_cases


def test_ten_patients_are_expected_at_the_session_of_the_demonstration() -> None:
    group = [case for case in demo_cases() if SLOT in case.story]

    assert len({case.patient for case in group}) == len(group) == PLACES
    assert {case.pathway for case in group} == {"etp_diabetes"}


def test_one_patient_is_in_two_pathways_at_once() -> None:
    assert {case.pathway for case in demo_cases() if case.patient == "carine"} == {"etp_diabetes", "hospital_discharge"}
