import t from 'tap'
import { faultsIn, fileWith, jobIn, read, warningsIn } from '../../support/job-file.ts'

const app = 'containers: {app: {image: i, ports: [80], memory: 1G}}'
const of = (lines: string) => jobIn(`name: web\n${lines}\n${app}`)
const faultsOf = (lines: string) => faultsIn(`name: web\n${lines}\n${app}`)

t.test('without anything else, a job has these defaults', async (t) => {
  const { containers, ...job } = of('')
  t.equal(containers.length, 1)
  t.strictSame(job, {
    name: 'web',
    instances: 1,
    dependsOn: [],
    update: { order: 'start-first', rollback: true },
    reallocateAfterSeconds: 30,
    startupLock: { isEnabled: true },
    hasEnvoy: false,
    files: [],
  })
})

t.test('each key of a job', async (t) => {
  for (const [lines, member] of [
    ['numInstances: 3', { instances: 3 }],
    ['deploy: {replicas: "3"}', { instances: 3 }],
    ['expose: {}', { expose: {} }],
    ['expose: {host: web.example.com, tls: web-tls}', { expose: { host: 'web.example.com', tlsSecret: 'web-tls' } }],
    ['update: {order: stop-first}', { update: { order: 'stop-first', rollback: true } }],
    ['update: {rollback: false}', { update: { order: 'start-first', rollback: false } }],
    ['deploy: {update_config: {order: stop-first, failure_action: pause}}', { update: { order: 'stop-first', rollback: false } }],
    ['deploy: {update_config: {failure_action: rollback}}', { update: { order: 'start-first', rollback: true } }],
    ['reallocate_after: 2m', { reallocateAfterSeconds: 120 }],
    ['startup_lock: {enabled: false}', { startupLock: { isEnabled: false } }],
    ['startup_lock: {timeout: 5m}', { startupLock: { isEnabled: true, timeoutSeconds: 300 } }],
    ['nap: 15s', { napSeconds: 15 }],
    ['nap: 0', { napSeconds: 0 }],
    ['nap: disabled', { napSeconds: 0 }],
    ['vault: {role: web}', { vaultRole: 'web' }],
    ['sidecar: envoy', { hasEnvoy: true }],
    ['depends_on: [job/db, service/shop/redis]', { dependsOn: ['job/db', 'service/shop/redis'] }],
    ['depends_on: {job/db: {condition: healthy, timeout: 10m, on_timeout: fail}}', { dependsOn: ['job/db:timeout=10m:on-timeout=fail'] }],
    ['depends_on: {deployment/api: {condition: service_healthy, timeout: 90s, on_timeout: proceed}}', { dependsOn: ['deployment/api:timeout=90s:on-timeout=proceed'] }],
  ] as const) {
    t.match(of(lines), member, lines)
  }
})

t.test('what is wrong with them', async (t) => {
  for (const [lines, fault] of [
    ['expose: true', '2:9: expose must be a map, not "true"'],
    ['expose: {host: "a b"}', '2:16: host must be the name of a host, not "a b"'],
    ['update: {order: rolling}', '2:17: order must be start-first or stop-first, not "rolling"'],
    ['update: {rollback: yes}', '2:20: rollback must be true or false, not "yes"'],
    ['update: {order: start-first}\ndeploy: {update_config: {order: stop-first}}', '3:26: deploy.update_config.order says stop-first, but update.order says start-first: they are the same, and must agree'],
    ['deploy: {update_config: {parallelism: 2}}', '2:26: parallelism is not supported: instances are replaced one by one'],
    ['reallocate_after: never', '2:19: reallocate_after must be a duration such as 1m30s or a number of seconds, not "never"'],
    ['startup_lock: {enabled: false, timeout: 1m}', '2:32: timeout is of a startup_lock that is enabled'],
    ['startup_lock: false', '2:15: startup_lock must be a map, not "false"'],
    ['vault: {}', '2:8: vault needs a role'],
    ['vault: {role: }', '2:9: role has no value; take it out, or write one'],
    ['sidecar: istio', '2:10: sidecar must be envoy, not "istio"'],
    ['depends_on: [db]', '2:14: depends_on of a job names other workloads, such as job/db; what its containers wait for stands with them'],
    ['depends_on: [pod/db]', '2:14: depends_on: "pod/db" is neither a container nor KIND/NAME or KIND/NAMESPACE/NAME, with a kind of job, service, deployment, statefulset, daemonset'],
    ['depends_on: {job/db: {condition: started}}', '2:34: condition: of another workload nothing but healthy can be waited for, not started'],
    ['depends_on: {job/db: {on_timeout: wait}}', '2:35: on_timeout must be fail or proceed, not "wait"'],
    ['depends_on: {job/db: {timeout: 25h}}', '2:32: timeout must be 24h at the most'],
    [`depends_on: [${Array.from({ length: 33 }, (_, index) => `job/j${index}`).join(', ')}]`, '2:292: depends_on: a job waits for 32 other workloads at the most'],
    ['depends_on: job/db', '2:13: depends_on must be a list or a map, not "job/db"'],
    ['version: "3"', '2:1: version is not supported: Compose itself has no use for it any more; take it out'],
    ['networks: {a: {}}', '2:1: networks is not supported: the containers of a job share one network, and jobs reach each other by their names'],
    ['numInstnaces: 3', '2:1: unknown key "numInstnaces"; did you mean numInstances?'],
    ['services: {a: {image: i}}', '2:1: containers and services are the same: one of them'],
  ] as const) {
    const faults = faultsOf(lines)
    t.strictSame(lines.startsWith('services') ? faults.map((line) => line.replace('3:1', '2:1')) : faults, [fault], lines)
  }
  t.strictSame(faultsIn(`name: web\nexpose: {}\nsidecar: envoy\ncontainers: {envoy: {image: i}}`), [
    '2:1: expose needs a port: none of the containers has one in ports',
    '3:1: sidecar: envoy needs a port: none of the containers has one in ports',
    '4:14: envoy is the name of the sidecar: choose another',
  ])
})

t.test('names are DNS labels', async (t) => {
  const label = (longest: number) => `is no DNS label: at most ${longest} of a-z, 0-9 and -, with - neither first nor last`
  for (const [name, fault] of [
    ['web_app', `1:7: name: "web_app" ${label(58)}; did you mean web-app?`],
    ['Web', `1:7: name: "Web" ${label(58)}; did you mean web?`],
    ['"-"', `1:7: name: "-" ${label(58)}`],
    ['web-pods', '1:7: name: "web-pods" is the name of the Service of the instances of web: choose another'],
    ['1web', '1:7: name: "1web" must begin with a letter, as the name of a Service'],
    ['a'.repeat(59), /^1:7: name: .* is no DNS label: at most 58 .*; did you mean a{49}-[0-9a-f]{8}\?$/],
    ['[web]', '1:7: name must be a text, not a list'],
    ['', '1:1: name has no value; take it out, or write one'],
  ] as const) {
    t.match(faultsIn(`name: ${name}\n${app}`), [fault], name)
  }
  t.strictSame(faultsIn(app), ['1:1: a job needs a name'])
  t.strictSame(faultsIn('services: {app: {image: i}}'), ['1:1: a job needs a name; of a file of Compose, usher job import makes a job file'])
  t.strictSame(faultsIn('name: web\ncontainers: {my_app: {image: i}, usher-lock: {image: i}}'), [
    `2:14: containers: "my_app" ${label(63)}; did you mean my-app?`,
    "2:34: usher-lock is the name of a container of usher's own: choose another",
  ])
})

t.test('containers: a map of one at least', async (t) => {
  for (const [lines, fault] of [
    ['', '1:1: a job needs containers'],
    ['containers:', '2:1: containers has no value; take it out, or write one'],
    ['containers: {}', '2:13: a job needs at least one container'],
    ['containers: [a]', '2:13: containers must be a map of containers by their names, not a list'],
    ['services: a', '2:11: services must be a map of containers by their names, not "a"'],
    ['containers: {a: i}', '2:17: a must be a map, not "i"'],
  ] as const) {
    t.strictSame(faultsIn(`name: web\n${lines}`), [fault], lines)
  }
  t.equal(jobIn('name: web\nservices: {a: {image: i}}').containers[0]?.name, 'a')
})

t.test('several documents are several jobs, each by a name of its own', async (t) => {
  const reading = read(`---\n# nothing\n---\nname: a\n${app}\n---\nname: b\n${app}\n---\n`)
  t.strictSame('jobs' in reading && reading.jobs.map(({ name }) => name), ['a', 'b'])
  t.strictSame(faultsIn(`name: a\n${app}\n---\nname: a\n${app}\n`), ['4:7: another job of this file is called a'])
  t.strictSame(faultsIn('# nothing\n'), ['1:1: it holds no job'])
  t.strictSame(faultsIn(''), ['1:1: it holds no job'])
  t.strictSame(faultsIn('apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n'), ['1:1: it is a manifest of Kubernetes, and no job file: kubectl apply takes it'])
  t.strictSame(faultsIn('- a'), ['1:1: a job must be a map, not a list'])
})

t.test('x- keys are free wherever keys are known; a name may begin with x-', async (t) => {
  const text = `x-a: {b: [c]}\nname: web\ncontainers:\n  x-app: {image: i, memory: 1G, x-c: 2, healthcheck: {disable: true, x-d: 1}, deploy: {x-e: 1}}\n`
  t.strictSame(warningsIn(text), [])
  t.equal(jobIn(text).containers[0]?.name, 'x-app')
})

t.test('anchors and merge keys are what users of Compose expect', async (t) => {
  const job = jobIn(`x-common: &common\n  restart: on-failure\n  environment: &env {A: 1, B: 2}\nx-more: &more {user: 1, restart: never}\nname: web\ncontainers:\n  one:\n    <<: *common\n    image: i\n    environment: {<<: *env, B: 3}\n  two:\n    <<: [*common, *more]\n    image: i\n`)
  t.match(job.containers, [
    { restart: { policy: 'on-failure' }, environment: [{ name: 'B', value: '3' }, { name: 'A', value: '1' }] },
    { restart: { policy: 'on-failure' }, user: { uid: 1 }, environment: [{ name: 'A', value: '1' }, { name: 'B', value: '2' }] },
  ])
  t.strictSame(faultsIn(`x-a: &a {privileged: true}\nname: web\ncontainers:\n  one: {<<: *a, image: i}\n  two: {<<: *a, image: i}`), [
    '1:10: privileged is not supported: what a container may do on its node is a matter of the cluster; a workload that needs it is a Deployment of its own',
  ], 'where it stands, once')
})

t.test('everything that is wrong is told at once, in the order of the file', async (t) => {
  t.strictSame(faultsIn(fileWith('memory: 1X\nbuild: .\ncommnad: a\nports: [x]', 'numInstances: x\n')).map((line) => line.split(': ', 1)[0]), ['2:15', '6:13', '7:5', '8:5', '9:13'])
})
