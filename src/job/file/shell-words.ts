/** The words of a command that was written as one text, or why it has none. */
export type ShellWords = { readonly words: readonly string[] } | { readonly fault: string }

/**
 * Splits a command into words as Compose does: at white space; what is quoted stays together, and a backslash takes the
 * next character as it is, but for within single quotes. There is no shell, so that what would be an operator of one is
 * a fault: Compose would cut the command off before it.
 */
export function shellWords(text: string): ShellWords {
  const words: string[] = []
  let word: string | undefined
  let quoted: '"' | "'" | undefined
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\' && quoted !== "'") {
      if (at + 1 === text.length) return { fault: 'it ends with a backslash' }
      word = (word ?? '') + text.charAt(++at)
    } else if (quoted !== undefined) {
      if (char === quoted) quoted = undefined
      else word = (word ?? '') + char
    } else if (char === '"' || char === "'") {
      quoted = char
      word ??= ''
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else if (/[;&|<>]/.test(char)) {
      return { fault: `there is no shell that would know ${char}; write ["sh", "-c", "…"], or quote it` }
    } else word = (word ?? '') + char
  }
  if (quoted !== undefined) return { fault: `a quote ${quoted} is not closed` }
  if (word !== undefined) words.push(word)
  return { words }
}
