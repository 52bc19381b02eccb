"""Ways to break what is reported, counted, waived and returned."""

from tests.breaks.breaking import Break

MODEL = "remediate/model"
REPORT = "remediate/report"

BREAKS = (
    Break(
        "host left out",
        "a host without a verdict is in every report",
        f"{REPORT}/files.py",
        "for name in list(self._untold):",
        "for name in self._untold if code is ExitCode.OK else ():",
        "tests/report/test_files.py::"
        "test_every_report_of_a_run_that_was_stopped_counts_the_same_hosts",
    ),
    Break(
        "report half written",
        "a report is whole, or what was there is as it was",
        f"{REPORT}/files.py",
        "            new.unlink()\n",
        "            new.replace(path)\n",
        "tests/report/test_files.py::test_a_file_that_cannot_be_written_is_told_and_the_others_are",
    ),
    Break(
        "green in spite",
        "JUnit is green only where the exit code is 0",
        f"{REPORT}/cases.py",
        "    if code is not ExitCode.OK and not explained:",
        "    if code is ExitCode.FAILED and not explained:",
        "tests/report/test_files.py::test_junit_is_green_only_where_the_process_ends_with_0",
    ),
    Break(
        "waived uncounted",
        "what is waived is counted in every report",
        f"{REPORT}/totals.py",
        "        self.waived += len(account.waived)\n",
        "        self.waived += bool(account.waived)\n",
        "tests/report/test_files.py::test_every_report_of_a_run_says_what_its_json_says",
    ),
    Break(
        "page tags",
        "what a host says is no tag of the page",
        f"{REPORT}/pictures.py",
        "    return escape(printable(words.shortened(text, words.MAX_TEXT)))",
        "    return printable(words.shortened(text, words.MAX_TEXT))",
        "tests/report/test_html.py::test_a_page_shows_as_text_whatever_a_host_says",
    ),
    Break(
        "page policy",
        "no script but its own runs in a page",
        f"{REPORT}/html.py",
        "script-src '{_hash(script)}'; ",
        "script-src 'unsafe-inline'; ",
        "tests/report/test_html.py::test_a_page_lets_only_its_own_style_and_script_run",
    ),
    Break(
        "cell ended",
        "what a host says ends no cell of a table",
        f"{REPORT}/markdown.py",
        '.replace("|", "\\\\|").strip()',
        ".strip()",
        "tests/report/test_markdown.py::test_a_host_is_text_in_its_cell_whatever_its_name",
    ),
    Break(
        "command of a host",
        "what a host says is no command of a workflow",
        f"{REPORT}/github.py",
        '.replace("%", "%25")',
        "",
        "tests/report/test_github.py::test_what_a_host_says_is_no_command_of_a_workflow",
    ),
    Break(
        "moving fingerprint",
        "a finding is known again when its numbers have moved",
        f"{REPORT}/sarif.py",
        "        known = (host, one.playbook, one.rule, ",
        "        known = (host, one.playbook, one.text, ",
        "tests/report/test_sarif.py::test_sarif_knows_a_finding_again_when_its_numbers_have_moved",
    ),
    Break(
        "rest uncounted",
        "results that a file has no room for are counted",
        f"{REPORT}/sarif.py",
        '            "notWritten": left.total(),\n',
        '            "notWritten": 0,\n',
        "tests/report/test_sarif.py::test_sarif_writes_the_gravest_results_and_counts_the_rest",
    ),
    Break(
        "slowest unseen",
        "the hosts that took longest are those that are told",
        f"{REPORT}/times.py",
        "key=lambda one: (-one.took, one.host)",
        "key=lambda one: (-one.began, one.host)",
        "tests/report/test_times.py::test_every_report_of_a_run_tells_the_times_of_its_json",
    ),
    Break(
        "waited for nobody",
        "a run that waited for a few hosts says for whom",
        f"{REPORT}/times.py",
        "        if waited < max(_WAITED, others):",
        "        if waited < max(_WAITED, 9 * others):",
        "tests/report/test_times.py::test_a_run_that_waited_for_a_few_says_for_whom",
    ),
    Break(
        "expired waives",
        "a waiver that has expired waives nothing",
        f"{MODEL}/waiver.py",
        "in_force=tuple(one for one in known if now < one.end),",
        "in_force=known,",
        "tests/inventory/test_waivers.py::test_a_day_ends_in_utc_and_a_time_says_its_zone",
    ),
    Break(
        "waived elsewhere",
        "a waiver of another host waives nothing",
        f"{MODEL}/waiver.py",
        "in_force=tuple(one for one in self.in_force if one.is_about(host)),",
        "in_force=self.in_force,",
        "tests/inventory/test_waivers.py::test_a_waiver_is_about_what_a_finding_is_known_by",
    ),
    Break(
        "other resource",
        "a waiver of another resource waives nothing",
        f"{MODEL}/waiver.py",
        "            and _matches(about, self.resource)\n",
        "",
        "tests/inventory/test_waivers.py::test_a_waiver_is_about_what_a_finding_is_known_by",
    ),
    Break(
        "other rule",
        "a waiver of another rule waives nothing",
        f"{MODEL}/waiver.py",
        "            and _matches(finding.rule, self.rule)\n",
        "",
        "tests/inventory/test_waivers.py::test_a_waiver_is_about_what_a_finding_is_known_by",
    ),
    Break(
        "last day",
        "a waiver counts on its last day",
        f"{MODEL}/waiver.py",
        "time(tzinfo=UTC)) + timedelta(days=1)",
        "time(tzinfo=UTC))",
        "tests/inventory/test_waivers.py::test_a_day_ends_in_utc_and_a_time_says_its_zone",
    ),
    Break(
        "lapsed untold",
        "that a waiver has expired is told with what it was about",
        f"{MODEL}/waiver.py",
        "return counts, None if counts else expired",
        "return counts, None",
        "tests/inventory/test_waivers.py::test_one_that_counts_stands_before_one_that_has_expired",
    ),
    Break(
        "needless",
        "a waiver is called needless only where all was looked at",
        f"{REPORT}/waivers.py",
        "needless=not many and waiver not in self._unseen,",
        "needless=not many,",
        "tests/report/test_totals.py::"
        "test_a_waiver_is_needless_only_where_all_that_it_could_be_about_was_looked_at",
    ),
    Break(
        "gravity",
        "a host that needs a person counts more than those that failed unchanged",
        f"{MODEL}/exit_code.py",
        "    ExitCode.NEEDS_PERSON,\n"
        "    ExitCode.FAILED,\n"
        "    ExitCode.REFUSED,\n"
        "    ExitCode.UNREACHABLE,",
        "    ExitCode.FAILED,\n"
        "    ExitCode.NEEDS_PERSON,\n"
        "    ExitCode.REFUSED,\n"
        "    ExitCode.UNREACHABLE,",
        "tests/model/test_exit_code.py::test_of_several_the_gravest_counts",
    ),
    Break(
        "unreachable first",
        "a refusal counts more than a host that was not reached",
        f"{MODEL}/exit_code.py",
        "    ExitCode.REFUSED,\n    ExitCode.UNREACHABLE,\n    ExitCode.INTERRUPTED,",
        "    ExitCode.UNREACHABLE,\n    ExitCode.REFUSED,\n    ExitCode.INTERRUPTED,",
        "tests/model/test_exit_code.py::test_of_several_the_gravest_counts",
    ),
    Break(
        "interrupted last",
        "who interrupts a run is told so, whatever came of it",
        f"{MODEL}/exit_code.py",
        "next((code for code in FIRST if code in found), ExitCode.OK)",
        "next((code for code in GRAVITY if code in found), ExitCode.OK)",
        "tests/model/test_exit_code.py::"
        "test_that_a_run_was_interrupted_is_told_whatever_else_there_is",
    ),
    Break(
        "fixed uncounted",
        "what was fixed is counted apart from what is open",
        f"{REPORT}/totals.py",
        "self.fixed += len(account.found) - len(account.open)",
        "self.fixed += len(account.found)",
        "tests/report/test_files.py::test_every_report_of_a_run_says_what_its_json_says",
    ),
    Break(
        "unanswered",
        "each question without an answer is counted",
        f"{REPORT}/totals.py",
        "self.unanswered += len(account.unanswered)",
        "self.unanswered += bool(account.unanswered)",
        "tests/report/test_totals.py::"
        "test_each_question_without_an_answer_and_each_finding_that_is_left_out_is_counted",
    ),
    Break(
        "left out",
        "findings that are left out are counted",
        f"{REPORT}/totals.py",
        "        self.left_out += account.left_out\n",
        "",
        "tests/report/test_totals.py::"
        "test_each_question_without_an_answer_and_each_finding_that_is_left_out_is_counted",
    ),
    Break(
        "row twice",
        "a host that has a finding twice is one host",
        f"{REPORT}/totals.py",
        "            if key not in seen:\n",
        "            if True:\n",
        "tests/report/test_totals.py::"
        "test_a_finding_of_many_hosts_is_one_row_that_counts_each_host_once",
    ),
    Break(
        "alike",
        "a finding that differs by host is told as an example",
        f"{REPORT}/totals.py",
        "row.alike = row.alike and row.text == one.text",
        "row.alike = True",
        "tests/report/test_totals.py::"
        "test_a_finding_of_many_hosts_is_one_row_that_counts_each_host_once",
    ),
    Break(
        "ranked",
        "what matters most is told first",
        f"{REPORT}/totals.py",
        "key=lambda row: (RANK[row.severity], -row.hosts,",
        "key=lambda row: (-row.hosts,",
        "tests/report/test_totals.py::"
        "test_what_matters_more_comes_first_and_then_what_more_hosts_have",
    ),
    Break(
        "verdicts",
        "every host is counted by its verdict",
        f"{REPORT}/totals.py",
        "self.verdicts[account.verdict] += 1",
        "self.verdicts[account.verdict] = 1",
        "tests/report/test_files.py::test_every_report_of_a_run_says_what_its_json_says",
    ),
)
