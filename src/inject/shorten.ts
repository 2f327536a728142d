/** A value as a warning shows it: quoted, free of control and format characters, at most 40 characters of it. */
export function shorten(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40).toWellFormed()}…` : text.toWellFormed()
  return JSON.stringify(shown.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?'))
}
