import { configSchema } from '../../src/config/schema.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { codeOf, plain, tableOf } from './markdown.ts'

/** The reference of the configuration file, in Markdown. */
export function configurationReference(): readonly string[] {
  return [
    'A YAML file for `--config FILE` of `usher webhook` and `usher inject`; `config` among the [values of the chart](../deploy/chart/README.md#values).',
    'Every key may be left out. A wrong key or value stops the start, with the file, the line, the path and what is allowed.',
    'Durations are written as in `90s`, `5m`, `1h30m`.',
    '',
    ...tableOf(['key', 'default', 'allowed', 'meaning'], [...keysOf(configSchema, [])].map(({ path, key }) => [
      codeOf(path.join('.')), codeOf(key['default']), plain(text(key['allowed'])), plain(text(key['description'])),
    ])),
  ]
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

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
