'use strict';
// What the tests of one file share: a browser, and what stands on it during each test.

const assert = require('node:assert/strict');
const { before, after, afterEach } = require('node:test');
const { launch } = require('./browser');

/** A browser for a file's tests, at `.browser` while they run. After each test its pages are closed, then whatever the test
    gave to `keep`; what a page complained of fails the test. */
function stage(...flags) {
  let browser;
  const kept = [];
  before(async () => { browser = await launch(...flags); });
  after(async () => { await browser.close(); });
  afterEach(async () => {
    const complaints = browser.contexts().flatMap((context) => context.pages()).flatMap((page) => page.complaints || []);
    for (const context of browser.contexts()) { await context.close(); }
    for (const one of kept.splice(0)) { await one.close(); }
    assert.deepEqual(complaints, [], 'a page complained');
  });
  return {
    get browser() { return browser; },
    keep(one) { kept.push(one); return one; },
  };
}

module.exports = { stage };
