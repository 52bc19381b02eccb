#!/usr/bin/env bash
# npm: @allurereport/reader 3.18.0 (what `allure generate` of Allure 3 reads JUnit with), Node 20.
#
# A good guess: a case in a JUnit file has failed where there is a <failure> in it. What stands in its
# attributes and its text is for people; both are optional in every schema of that format.
# What it does: the XML library makes a plain text of an element that has text and no attributes, and
# the reader knows an empty element and one with attributes, but no text: so it goes on to the next kind
# of result, and the case has passed. The same holds for <error> and <skipped>. (Two <failure> in a case
# are a list, which it does not know either; of that its users have complained.)
#
# Seen (what stands in the case, and its status in the report):
#   <failure message="said">text</failure>   failed
#   <failure type="kind">text</failure>      failed
#   <failure/>                               failed
#   <failure>text</failure>                  passed
#   <error>text</error>                      passed
#   <skipped>text</skipped>                  passed
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-fund --no-audit @allurereport/reader@3.18.0 @allurereport/reader-api@3.18.0 > /dev/null
cat > run.mjs <<'JAVASCRIPT'
import { junitXml } from "@allurereport/reader";
import { BufferResultFile } from "@allurereport/reader-api";

const expected = {
  '<failure message="said">text</failure>': "failed",
  '<failure type="kind">text</failure>': "failed",
  "<failure/>": "failed",
  "<failure>text</failure>": "passed",
  "<error>text</error>": "passed",
  "<skipped>text</skipped>": "passed",
};
const results = Object.keys(expected);
const cases = results.map((result, number) => `<testcase name="${number}" classname="c">${result}</testcase>`);
const xml = `<testsuites><testsuite name="SRV01">${cases.join("")}</testsuite></testsuites>`;
const seen = {};
const visitor = {
  visitTestResult: async (result) => (seen[results[Number(result.name)]] = result.status),
  visitAttachmentFile: async () => {},
};
await junitXml.read(visitor, new BufferResultFile(Buffer.from(xml), "report.xml"));
for (const result of results) console.log(result.padEnd(40), seen[result]);
process.exit(results.every((result) => seen[result] === expected[result]) ? 0 : 1);
JAVASCRIPT
node run.mjs
