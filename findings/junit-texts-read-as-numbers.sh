#!/usr/bin/env bash
# npm: junit2json 4.0.0, test-results-parser 0.4.6 (what testbeats reads with), Node 20.
#
# A good guess: names and messages in a JUnit file are texts, and a reader that wants numbers makes
# them of counts and times.
# What they do: both make a number of every attribute that looks like one, names and messages among
# them. junit2json asks with JavaScript's isNaN(), which knows 0x and exponents, and then reads with
# parseInt(), which does not: an HRESULT becomes 0, the one number that stands for success. A name
# such as a vendor's 4E12345 becomes Infinity, which is null in JSON.
#
# Seen (what stands in the file; the name of the suite and the message of the failure in each):
#   SRV01        SRV01    SRV01         SRV01    SRV01
#   0x80070005   0        0             2147942405  2147942405
#   007          7        7             7        7
#   4E12345      Infinity Infinity      4E12345  4E12345
#   1e3          1        1             1000     1000
#
# It fails when that changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
npm install --silent --no-fund --no-audit junit2json@4.0.0 test-results-parser@0.4.6 > /dev/null
cat > run.mjs <<'JAVASCRIPT'
import { writeFileSync } from "node:fs";
import { parse } from "junit2json";
import results from "test-results-parser";

const expected = {
  SRV01: "SRV01 SRV01 SRV01 SRV01",
  "0x80070005": "0 0 2147942405 2147942405",
  "007": "7 7 7 7",
  "4E12345": "Infinity Infinity 4E12345 4E12345",
  "1e3": "1 1 1000 1000",
};
const seen = {};
for (const text of Object.keys(expected)) {
  const xml = `<testsuites><testsuite name="${text}" tests="1" failures="1" errors="0" skipped="0">
    <testcase name="a case" classname="${text}"><failure message="${text}">said</failure></testcase>
  </testsuite></testsuites>`;
  writeFileSync("report.xml", xml);
  const one = (await parse(xml)).testsuite[0];
  const other = results.parse({ type: "junit", files: ["report.xml"] }).suites[0];
  const failure = one.testcase[0].failure[0];
  seen[text] = [one.name, failure.message, other.name, other.cases[0].failure].join(" ");
  console.log(text.padEnd(12), seen[text]);
}
process.exit(Object.keys(expected).every((text) => seen[text] === expected[text]) ? 0 : 1);
JAVASCRIPT
node run.mjs
