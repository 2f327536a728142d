import { problemTable } from '../http/problem.ts'
import { reasonTable } from '../inject/reasons.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { configSchema } from './schema.ts'

/** The reference of the configuration file, in Markdown, as `docs/configuration.md` has it. */
export function configReference(): string {
  const rows = [...keysOf(configSchema, [])].map(
    ({ path, key }) =>
      `| \`${path.join('.')}\` | ${code(key['default'])} | ${text(key['allowed'])} | ${text(key['description'])} |`,
  )
  return [
    '<!-- Generated from src/config/schema.ts by `npm run docs`. -->',
    '# Configuration',
    '',
    'A YAML file for `--config FILE` of `usher webhook` and `usher inject`. Every key may be left out. A wrong key or value stops the',
    'start, with the file, the line, the path and what is allowed. Durations are written as in `90s`, `5m`, `1h30m`.',
    '',
    '| key | default | allowed | meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

/** The table of reasons, in Markdown, as `docs/reasons.md` has it. */
export function reasonReference(): string {
  return [
    '<!-- Generated from src/inject/reasons.ts by `npm run docs`. -->',
    '# Reasons',
    '',
    'Everything that usher does or leaves has one of these codes: in the log, in the metric',
    '`usher_webhook_outcomes_total`, in the audit annotations `reasons` and, of a later review of the same pod,',
    '`reasons-again`, and on the command line.',
    '',
    '| code | meaning |',
    '|---|---|',
    ...Object.entries(reasonTable).map(([reason, sentence]) => `| \`${reason}\` | ${sentence} |`),
    '',
  ].join('\n')
}

/** The problem documents, in Markdown, as `docs/errors.md` has them. */
export function errorReference(): string {
  return [
    '<!-- Generated from src/http/problem.ts by `npm run docs`. -->',
    '# Errors',
    '',
    'A request that cannot be answered gets a problem document (RFC 9457, `application/problem+json`). Its `type` ends',
    'in one of these codes, its `detail` says what exactly is wrong.',
    '',
    ...Object.entries(problemTable).flatMap(([problem, { status, title }]) => [
      `## ${problem}`,
      '',
      `${title}. Status ${status}.`,
      '',
    ]),
  ].join('\n')
}

interface DocumentedKey {
  readonly path: readonly string[]
  readonly key: JsonObject
}

function* keysOf(schema: unknown, path: readonly string[]): Iterable<DocumentedKey> {
  if (!isObject(schema)) return
  const { properties } = schema
  if (!isObject(properties)) {
    yield { path, key: schema }
    return
  }
  for (const name of Object.keys(properties)) yield* keysOf(properties[name], [...path, name])
}

function code(value: unknown): string {
  return `\`${text(value)}\``
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
