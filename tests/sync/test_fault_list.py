"""The list of faults: which tests prove what becomes of each, or why it is not a fault of sync."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PROVEN: dict[int, tuple[str, tuple[str, ...]]] = {
    1: (
        "kill -9 at any point of any page",
        (
            "tests/sync/test_kills.py::test_a_run_that_is_killed_at_any_point_of_any_page",
            "tests/sync/test_faults.py::test_a_worker_that_is_killed",
            "tests/sync/test_receiving.py::test_a_killed_worker_leaves_each_message_done_or_untouched",
        ),
    ),
    2: (
        "kill -9 between COMMIT and its answer",
        (
            "tests/sync/test_kills.py::test_the_changes_of_a_page_are_told_once_though_its_worker_never_heard_of_its_commit",
        ),
    ),
    3: (
        "pages and rows that come twice",
        (
            "tests/plugins/test_hotline12345.py::test_duplicates_are_one_order_in_its_latest_version",
            "tests/sync/test_requests.py::test_a_pull_twice_has_no_effect",
            "tests/sync/test_random.py::test_the_hub_ends_as_a_dict_would",
        ),
    ),
    4: (
        "pages in another order, an older version last",
        (
            "tests/sync/test_run.py::test_an_older_word_never_overwrites_a_newer_one",
            "tests/sync/test_receiving.py::test_an_older_message_that_comes_late_changes_nothing",
        ),
    ),
    5: (
        "rows that move between pages",
        (
            "tests/plugins/test_open311.py::test_a_full_answer_halves_the_window_and_loses_nothing",
            "tests/sync/test_late.py::test_what_comes_late_during_a_run_is_brought_by_the_next_without_an_overlap",
        ),
    ),
    6: (
        "a row that is committed late, within the overlap, beyond it, and without one",
        (
            "tests/plugins/test_hotline12345.py::test_late_rows_behind_more_than_a_page_of_overlap_are_found",
            "tests/sync/test_late.py::test_what_comes_late_during_a_run_is_brought_by_the_next_without_an_overlap",
            "tests/sync/test_late.py::test_what_comes_later_than_the_overlap_is_brought_by_filling_in_its_days",
            "tests/sync/test_requests.py::test_an_order_that_comes_late_is_taken",
        ),
    ),
    7: (
        "equal times over a page border",
        (
            "tests/plugins/test_hotline12345.py::test_equal_times_over_the_page_border_lose_nothing",
            "hub/testing/pulling.py::test_equal_times_over_a_page_border_lose_nothing",
        ),
    ),
    8: (
        "429 with seconds, a date, nothing, too much",
        (
            "tests/sync/test_http.py::test_seconds_are_waited",
            "tests/sync/test_http.py::test_a_date_is_waited_for",
            "tests/sync/test_http.py::test_whoever_asks_for_an_hour_is_not_waited_for",
            "tests/sync/test_sending_faults.py::test_retry_after_is_kept_by_all_of_the_target_up_to_an_hour",
        ),
    ),
    9: (
        "a burst of 5xx; what is seen of it; others go on",
        (
            "tests/sync/test_sending_faults.py::test_after_five_failures_one_probe_each_half_minute_until_it_is_back",
            "tests/sync/test_poison.py::test_a_source_that_fails_is_seen_within_five_seconds_and_holds_no_other_up",
        ),
    ),
    10: (
        "a slow drip, or no answer at all",
        (
            "tests/sync/test_patience.py::test_a_page_that_never_comes_ends_the_run_and_not_the_hub",
            "hub/testing/pulling.py::test_a_slow_drip_is_read_whole",
            "tests/hub/test_hooks.py::test_a_message_that_drips_is_given_up",
        ),
    ),
    11: (
        "answers that are cut off",
        (
            "tests/plugins/test_hotline12345.py::test_an_answer_cut_off_anywhere_is_asked_for_again",
            "hub/testing/pulling.py::test_after_a_fault_the_next_run_lacks_nothing",
        ),
    ),
    12: (
        "a login page with 200",
        ("tests/plugins/test_hotline12345.py::test_each_failure_says_what_happens_next",),
    ),
    13: (
        "GB18030 under a wrong name, NUL, half a character",
        (
            "tests/plugins/test_hotline12345.py::test_gb18030_is_read_whatever_the_header_says",
            "tests/sync/test_run.py::test_a_plan_keeps_what_no_database_takes_as_text",
            "tests/sync/test_values.py::test_anything_at_all_can_be_a_field",
        ),
    ),
    14: (
        "clocks that differ or jump",
        (
            "tests/plugins/test_hotline12345.py::test_a_row_that_comes_late_during_a_long_run_is_found_by_the_next",
            "tests/plugins/test_exchange_db.py::test_a_row_from_the_future_does_not_hide_what_follows",
            "hub/testing/pulling.py::test_a_cursor_from_the_future_does_no_harm",
            "tests/sync/test_schedule.py::test_what_the_clock_skips_comes_once_as_it_jumps",
        ),
    ),
    15: (
        "a source that changes its structure",
        (
            "tests/sync/test_drift.py::test_an_unknown_field_is_kept_beside_and_told_once",
            "tests/sync/test_drift.py::test_frozen_the_run_stops_before_the_page",
            "tests/sync/test_refused.py::test_more_than_a_twentieth_stops_the_page_and_the_cursor",
        ),
    ),
    16: (
        "one bad record in a thousand",
        (
            "tests/sync/test_poison.py::test_one_bad_record_in_a_thousand_waits_and_the_others_are_in",
            "tests/sync/test_receiving.py::test_poison_stands_alone_among_good_messages",
        ),
    ),
    17: (
        "a cursor that has expired",
        (
            "tests/plugins/test_hotline12345.py::test_an_expired_page_position_starts_again_from_the_mark",
            "tests/sync/test_late.py::test_what_came_late_behind_a_page_that_expired_is_brought_without_an_overlap",
        ),
    ),
    18: (
        "an empty list, and half of one",
        (
            "tests/sync/test_gone.py::test_an_empty_answer_is_no_deletion",
            "tests/sync/test_gone.py::test_half_a_list_twice_stops_and_asks",
            "tests/sync/test_gone.py::test_a_run_that_takes_too_much_away_stops_and_asks",
        ),
    ),
    19: (
        "gone, and there again by the same key",
        ("tests/sync/test_run.py::test_what_is_gone_is_closed_once_and_may_come_back",),
    ),
    20: (
        "PostgreSQL stopped and killed under load",
        ("tests/sync/test_restart.py::test_a_database_that_goes_away_under_load_loses_nothing_that_was_acknowledged",),
    ),
    21: (
        "a connection that is cut after any statement",
        ("tests/sync/test_faults.py::test_a_connection_that_is_cut_after_any_statement",),
    ),
    24: (
        "deadlocks, and rows that others hold",
        (
            "tests/sync/test_faults.py::test_two_sources_may_write_the_same_rows_at_once",
            "tests/sync/test_faults.py::test_a_storm_of_sources_and_of_locks_leaves_nothing_out",
        ),
    ),
    26: (
        "two workers, one of them frozen for longer than its lease",
        (
            "tests/sync/test_frozen.py::test_a_worker_that_was_frozen_writes_nothing_when_it_wakes_up",
            "tests/sync/test_run.py::test_a_dead_run_is_taken_over_and_writes_nothing_more",
            "tests/sync/test_receiving.py::test_a_run_that_was_taken_over_writes_nothing_more",
            "tests/sync/test_sending_faults.py::test_a_worker_that_slept_over_its_turn_does_not_even_send",
        ),
    ),
    27: (
        "messages a hundred times, forged, stale, in another order, before their entity",
        (
            "tests/hub/test_hooks.py::test_a_message_that_comes_a_hundred_times_at_once_is_kept_once",
            "tests/hub/test_hooks.py::test_every_flipped_byte_is_refused_and_nothing_is_kept",
            "tests/hub/test_hooks.py::test_a_message_of_another_time_is_refused",
            "tests/sync/test_receiving.py::test_what_comes_before_its_entity_is_parked_and_then_applied",
        ),
    ),
    28: (
        "a sender that is killed before, while and after it sends",
        ("tests/sync/test_webhooks.py::test_a_sender_that_is_killed_has_told_each_change_once",),
    ),
    29: (
        "an answer after our time limit",
        (
            "tests/sync/test_sending_faults.py::test_an_answer_after_our_time_limit_has_one_effect",
            "tests/plugins/test_hotline12345_push.py::test_a_time_out_after_it_was_taken_leads_to_one_effect",
        ),
    ),
    30: (
        "a target without tokens",
        ("tests/sync/test_sending_faults.py::test_a_target_without_tokens_is_looked_at_before_it_is_written_again",),
    ),
    31: (
        "echoes, and two hubs in a ring",
        (
            "tests/sync/test_webhooks.py::test_two_hubs_in_a_ring_fall_silent",
            "tests/sync/test_sending.py::test_rows_that_go_to_and_fro_wait_for_a_person",
        ),
    ),
    32: (
        "two sources that contradict one another, in any order",
        ("tests/sync/test_ownership.py::test_the_order_in_which_sources_are_read_does_not_matter",),
    ),
    33: (
        "answers and files beyond all measure",
        (
            "tests/plugins/test_open311_answers.py::test_an_answer_beyond_all_measure_is_not_read_to_its_end",
            "tests/hub/test_hooks.py::test_a_message_that_is_too_large_is_refused_before_it_is_whole",
            "tests/plugins/test_spreadsheet_refusals.py::test_unpacking_has_a_limit",
        ),
    ),
    34: (
        "names that nobody knows, TLS that cannot be",
        ("tests/sync/test_reaching.py::test_who_cannot_be_reached_in_safety_is_not_reached_at_all",),
    ),
    35: (
        "files that are half written, or change while they are read",
        (
            "tests/plugins/test_spreadsheet_refusals.py::test_a_half_written_workbook",
            "tests/plugins/test_spreadsheet_refusals.py::test_a_file_that_changes_while_it_is_read",
        ),
    ),
    36: (
        "SIGTERM during work",
        (
            "tests/sync/test_jobs.py::test_a_worker_that_is_told_to_stop_puts_its_job_back",
            "tests/sync/test_sending_faults.py::test_a_worker_that_is_told_to_stop_leaves_no_turn_behind",
            "tests/hub/test_serve.py::test_sigterm_ends_it_within_five_seconds_though_streams_are_open",
        ),
    ),
}
NOT_OURS = {
    22: "Fail-over to a standby: the database's own; a run sees a lost connection, which is 20 and 21.",
    23: "A full disk: the database refuses the transaction of a page, as in 21; hub.db tells people in words.",
    25: "DDL under load: migrations run while the hub is stopped; cached plans are those of the graph's engine.",
    37: "PgBouncer and lagging replicas: a matter of deployment, which needs their servers to be tested.",
}


def functions(path: str) -> set[str]:
    """The names of the tests in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = (one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    return {one.name for one in found if one.name.startswith("test_")}


def test_every_fault_is_proven_or_not_ours() -> None:
    assert sorted([*PROVEN, *NOT_OURS]) == list(range(1, 38))


@pytest.mark.parametrize("number", PROVEN)
def test_what_proves_a_fault_is_there(number: int) -> None:
    named = [node.split("::") for node in PROVEN[number][1]]
    assert named
    assert [f"{path}::{name}" for path, name in named if name not in functions(path)] == []
