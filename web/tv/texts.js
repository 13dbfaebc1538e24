/* The texts of the language that is spoken. All of them are in Lareira.texts, a row a text, in English, Spanish and
   Portuguese: the build makes that script of web/texts/tv.txt. */
(function (Lareira) {
  'use strict';

  var LANGUAGES = ['en', 'es', 'pt'];
  var texts = Lareira.texts;
  var at = 0;

  /* What stands for a key in the language that is spoken. */
  function own(key) { return texts.hasOwnProperty(key) ? texts[key][at] : undefined; }

  /* The text for a key, with {names} filled in; what isn't known is left out. */
  function t(key, values) {
    var text = own(key);
    if (text === undefined) { return key; }
    return text.replace(/\{(\w+)\}/g, function (whole, name) {
      if (!values || !values.hasOwnProperty(name)) { return whole; }
      return values[name] === null || values[name] === undefined ? '' : String(values[name]);
    });
  }

  Lareira.t = t;
  Lareira.n = function (key, count) { return t(key + (count === 1 ? '_one' : '_other'), { count: count }); };
  Lareira.list = own;
  Lareira.setLanguage = function (code) { at = Math.max(0, LANGUAGES.indexOf(code)); };
  Lareira.language = function () { return LANGUAGES[at]; };
}(window.Lareira = window.Lareira || {}));
