import { type Key, keys, keysOf, namesOf, type Section } from '../../src/job/file/keys.ts'
import { rejectedKeys } from '../../src/job/file/rejected-keys.ts'
import { codeOf, plain, tableOf, withPart } from './markdown.ts'

/** Each place where keys stand: as its heading, and where a file of Compose has it. */
const places: Readonly<Record<Section, { readonly title: string; readonly compose?: string }>> = {
  job: { title: 'A job', compose: '' },
  container: { title: 'containers.NAME', compose: 'services.*.' },
  healthcheck: { title: 'containers.NAME.healthcheck', compose: 'services.*.healthcheck.' },
  port: { title: 'containers.NAME.ports: an entry that is a map', compose: 'services.*.ports.*.' },
  variable: { title: 'containers.NAME.environment: an entry of the list that is a map' },
  secretVariable: { title: 'containers.NAME.environment: a value of the map that is a map' },
  envFile: { title: 'containers.NAME.env_file: an entry that is a map', compose: 'services.*.env_file.*.' },
  dependency: { title: 'depends_on: a value of the map', compose: 'services.*.depends_on.*.' },
  volume: { title: 'containers.NAME.volumes: an entry that is a map', compose: 'services.*.volumes.*.' },
  namedVolume: { title: 'volumes.NAME', compose: 'volumes.*.' },
  file: { title: 'secrets.NAME, configs.NAME', compose: 'secrets.*., configs.*.' },
  fileUse: { title: 'containers.NAME.secrets, containers.NAME.configs: an entry that is a map', compose: 'services.*.secrets.*., services.*.configs.*.' },
  deploy: { title: 'deploy, containers.NAME.deploy', compose: 'services.*.deploy.' },
  resources: { title: 'containers.NAME.deploy.resources', compose: 'services.*.deploy.resources.' },
  amounts: { title: 'containers.NAME.deploy.resources.limits, …reservations', compose: 'services.*.deploy.resources.limits.' },
  restartPolicy: { title: 'containers.NAME.deploy.restart_policy', compose: 'services.*.deploy.restart_policy.' },
  updateConfig: { title: 'deploy.update_config', compose: 'services.*.deploy.update_config.' },
  update: { title: 'update' },
  expose: { title: 'expose' },
  startupLock: { title: 'startup_lock' },
  vault: { title: 'vault' },
}

/** docs/jobs.md with its generated parts renewed. */
export function withJobTables(page: string): string {
  return withPart(withPart(page, 'The keys', keyReference()), 'The keys of Compose', composeTable())
}

/** Every key of a job file, in Markdown. */
export function keyReference(): readonly string[] {
  return sections().flatMap((section) => [
    `### ${places[section].title}`,
    '',
    ...tableOf(['key', 'value', 'default', 'meaning'], Object.entries(keysOf(section)).map(([name, key]) => rowOf(name, key))),
    '',
  ])
}

function sections(): readonly Section[] {
  return Object.keys(keys).filter((name): name is Section => name in places)
}

function rowOf(name: string, { type, default: byDefault = '', synonyms = [], meaning }: Key): readonly string[] {
  const others = synonyms.length === 0 ? '' : `Also ${synonyms.map(codeOf).join(', ')}.`
  return [codeOf(name), type, byDefault, [plain(meaning), others].filter((part) => part !== '').join(' ')]
}

/** What becomes of the keys of Compose, in Markdown: those that are read, by their places; then those that are not, by what to do. */
export function composeTable(): readonly string[] {
  const composed = sections().flatMap((section) => {
    const { compose } = places[section]
    return compose === undefined ? [] : [{ section, place: compose === '' ? 'the top' : compose.split(', ').map((path) => codeOf(path.slice(0, -1))).join(', ') }]
  })
  const read = composed.map(({ section, place }) => [place, readIn(section).join(', ')]).filter(([, names]) => names !== '')
  const rejected = composed.flatMap(({ section, place }) => [...byHint(section)].map(([hint, names]) => [place, names.map(codeOf).join(', '), plain(hint)]))
  return [
    'Read, with the name in a job file where that is another one:',
    '',
    ...tableOf(['of Compose', 'keys'], read),
    '',
    'Rejected, each with this hint:',
    '',
    ...tableOf(['of Compose', 'keys', 'what to do'], rejected),
  ]
}

function readIn(section: Section): readonly string[] {
  return Object.entries(keysOf(section)).flatMap(([name, { isCompose }]) =>
    namesOf(section, name).flatMap((each) => (each === name ? (isCompose === true ? [codeOf(each)] : []) : [`${codeOf(each)} (${codeOf(name)})`])),
  )
}

function byHint(section: Section): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, readonly string[]>()
  for (const [name, hint] of Object.entries(rejectedKeys[section] ?? {})) {
    if (!ours.has(name)) names.set(hint, [...(names.get(hint) ?? []), name])
  }
  return names
}

// What people write as a key, though Compose has it as a value.
const ours: ReadonlySet<string> = new Set(['bind'])
