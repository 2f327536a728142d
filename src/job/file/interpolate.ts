import { quote } from './file-node.ts'

/** What variables are taken from; undefined: it is not set. */
export type Variables = (name: string) => string | undefined

// Deeper than a default within a default within a default.
const deepest = 8

/**
 * Puts variables into a text, as Compose does: `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME-default}`,
 * `${NAME:?message}` and `${NAME?message}`, `${NAME:+instead}` and `${NAME+instead}`, and `$$` for a dollar. With the
 * colon, what is empty counts as not set.
 *
 * @param fault is told what is wrong, in words. Unlike in Compose, that a variable without a default is not set is.
 */
export function interpolate(text: string, variables: Variables, fault: (message: string) => void, depth = 0): string {
  let made = ''
  let at = 0
  for (let dollar = text.indexOf('$'); dollar >= 0; dollar = text.indexOf('$', at)) {
    made += text.slice(at, dollar)
    const next = text[dollar + 1]
    const [name] = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1, dollar + 1 + longestName)) ?? []
    const end = next === '{' ? closingBrace(text, dollar + 2) : undefined
    if (next === '$') {
      made += '$'
      at = dollar + 2
    } else if (name !== undefined) {
      made += valueOf(name, variables, fault)
      at = dollar + 1 + name.length
    } else if (end !== undefined && depth < deepest) {
      made += braced(text.slice(dollar + 2, end), variables, fault, depth)
      at = end + 1
    } else {
      fault(`${quote(text.slice(dollar, dollar + 20))} is no variable; a dollar that is meant as such is written $$`)
      return text
    }
  }
  return made + text.slice(at)
}

const longestName = 256

/** The brace that closes one; undefined where there is none. */
function closingBrace(text: string, from: number): number | undefined {
  let open = 1
  for (let at = from; at < text.length; at++) {
    if (text[at] === '$' && text[at + 1] === '$') at++
    else if (text[at] === '$' && text[at + 1] === '{') open++
    else if (text[at] === '}' && --open === 0) return at
  }
  return undefined
}

function braced(inner: string, variables: Variables, fault: (message: string) => void, depth: number): string {
  const [, name, operator, rest = ''] = /^([A-Za-z_]\w*)(?:(:?[-?+])([^]*))?$/.exec(inner) ?? []
  if (name === undefined) {
    fault(`${quote(`\${${inner}}`)} is no variable; a dollar that is meant as such is written $$`)
    return inner
  }
  if (operator === undefined) return valueOf(name, variables, fault)
  const value = variables(name)
  const isSet = value !== undefined && !(operator.startsWith(':') && value === '')
  if (operator.endsWith('+')) return isSet ? interpolate(rest, variables, fault, depth + 1) : ''
  if (isSet) return value
  if (operator.endsWith('-')) return interpolate(rest, variables, fault, depth + 1)
  fault(`the variable ${name} is not set${rest === '' ? '' : `: ${interpolate(rest, variables, fault, depth + 1)}`}`)
  return ''
}

function valueOf(name: string, variables: Variables, fault: (message: string) => void): string {
  const value = variables(name)
  if (value === undefined) fault(`the variable ${name} is not set; write \${${name}:-} where it may be empty`)
  return value ?? ''
}
