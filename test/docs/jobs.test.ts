import { readFileSync } from 'node:fs'
import t from 'tap'
import { composeTable, keyReference } from '../../docs/pages/jobs.ts'
import { plain } from '../../docs/pages/markdown.ts'
import { knownNames, keysOf, keys, type Section } from '../../src/job/file/keys.ts'
import { rejectedKeys } from '../../src/job/file/rejected-keys.ts'
import { codeBlocksIn } from '../support/markdown.ts'
import { faultsIn } from '../support/job-file.ts'

const page = readFileSync(new URL('../../docs/jobs.md', import.meta.url), 'utf8')
const sections = Object.keys(keys) as Section[]

t.test('the example of docs/jobs.md is valid', async (t) => {
  const example = codeBlocksIn(page).map((lines) => lines.join('\n')).find((text) => text.startsWith('name: simple-webapp'))
  t.ok(example)
  t.strictSame(faultsIn(example ?? ''), [])
})

t.test('every key has a row with its type and what it means', async (t) => {
  const rows = keyReference().filter((line) => line.startsWith('| `'))
  t.equal(rows.length, sections.reduce((sum, section) => sum + Object.keys(keysOf(section)).length, 0))
  for (const row of rows) {
    t.equal(row.split(/(?<!\\)\|/).length, 6, row)
    t.notMatch(row, 'undefined')
  }
})

t.test('every synonym of another place is a key there', async (t) => {
  const places: Readonly<Record<string, Section>> = { deploy: 'deploy', resources: 'resources', limits: 'amounts', reservations: 'amounts', update_config: 'updateConfig', containers: 'job', '*': 'container' }
  for (const synonym of sections.flatMap((section) => Object.values(keysOf(section)).flatMap(({ synonyms = [] }) => synonyms)).filter((name) => name.includes('.'))) {
    const path = synonym.split('.')
    for (const [index, name] of path.entries()) {
      const section = index === 0 ? undefined : places[path[index - 1] ?? '']
      if (section !== undefined && name !== '*') t.ok(knownNames(section).includes(name), `${synonym}: ${name} of ${section}`)
    }
  }
})

t.test('no key is both known and rejected, and each that is rejected says what to do', async (t) => {
  for (const [section, hints] of Object.entries(rejectedKeys)) {
    for (const [key, hint] of Object.entries(hints ?? {})) {
      t.notOk(knownNames(section as Section).includes(key), key)
      t.match(hint, /^\S.{8,}[^.]$/, key)
      t.ok(composeTable().some((line) => line.includes(plain(hint))) || key === 'bind', `${section}.${key} is in the table`)
    }
  }
})

t.test('every key is read, wherever it may stand: nothing is ignored', async (t) => {
  const app = { image: 'i', ports: ['80'] }
  const of = (container: object, job: object = {}): object => ({ name: 'web', containers: { app: { ...app, ...container } }, ...job })
  // For each place, a valid job with a map that stands there.
  const jobs: Readonly<Record<Section, { readonly usual: object; readonly job: (map: object) => object }>> = {
    job: { usual: { name: 'web', containers: { app } }, job: (map) => map },
    container: { usual: app, job: (map) => of(map) },
    healthcheck: { usual: { type: 'tcp' }, job: (map) => of({ healthcheck: map }) },
    port: { usual: { target: 81 }, job: (map) => of({ ports: [map] }) },
    variable: { usual: { name: 'A', value: '1' }, job: (map) => of({ environment: [map] }) },
    secretVariable: { usual: { secret: 's' }, job: (map) => of({ environment: { A: map } }) },
    envFile: { usual: { path: 'a.env' }, job: (map) => of({ env_file: [map] }) },
    dependency: { usual: {}, job: (map) => of({ depends_on: { 'job/db': map } }) },
    volume: { usual: { type: 'shared', path: '/v', space: '1G' }, job: (map) => of({ volumes: [map] }) },
    namedVolume: { usual: { type: 'shared', space: '1G' }, job: (map) => of({}, { volumes: { v: map } }) },
    file: { usual: { content: 'x' }, job: (map) => of({}, { configs: { c: map } }) },
    fileUse: { usual: { source: 'c' }, job: (map) => of({ configs: [map] }, { configs: { c: { content: 'x' } } }) },
    deploy: { usual: {}, job: (map) => of({ deploy: map }) },
    resources: { usual: {}, job: (map) => of({ deploy: { resources: map } }) },
    amounts: { usual: {}, job: (map) => of({ deploy: { resources: { limits: map } } }) },
    restartPolicy: { usual: {}, job: (map) => of({ deploy: { restart_policy: map } }) },
    updateConfig: { usual: {}, job: (map) => of({ deploy: { update_config: map } }) },
    update: { usual: {}, job: (map) => of({}, { update: map }) },
    expose: { usual: {}, job: (map) => of({}, { expose: map }) },
    startupLock: { usual: {}, job: (map) => of({}, { startup_lock: map }) },
    vault: { usual: { role: 'r' }, job: (map) => of({}, { vault: map }) },
  }
  const options = { readFile: () => 'A=1' }
  for (const section of sections) {
    const { usual, job } = jobs[section]
    t.strictSame(faultsIn(JSON.stringify(job(usual)), options), [], section)
    for (const key of knownNames(section)) t.not(faultsIn(JSON.stringify(job({ ...usual, [key]: [[1]] })), options).length, 0, `${key} of ${section}`)
  }
})

// Of services in the Compose specification.
const ofServices = 'annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init ipc isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy read_only restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user userns_mode uts volumes volumes_from working_dir'.split(' ')

t.test('every key of a service of Compose is known, or rejected with what to do', async (t) => {
  const rejected = Object.keys(rejectedKeys.container ?? {})
  t.strictSame(ofServices.filter((key) => !knownNames('container').includes(key) && !rejected.includes(key)), [])
  for (const key of rejected) t.match(faultsIn(`name: web\ncontainers:\n  app:\n    image: i\n    ${key}: x`), [new RegExp(`^5:5: ${key} is not supported: .{9}`)], key)
})
