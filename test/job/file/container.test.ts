import t from 'tap'
import { appIn, faultsIn, fileWith, jobIn, warningsIn } from '../../support/job-file.ts'

const gibibyte = 1_024 ** 3

t.test('image: required, and one word', async (t) => {
  t.equal(appIn('memory: 1G').image, 'i')
  t.strictSame(faultsIn('name: web\ncontainers:\n  app: {}'), ['3:3: app needs an image'])
  t.strictSame(faultsIn('name: web\ncontainers:\n  app:\n    image:'), ['4:5: image has no value; take it out, or write one'])
  t.strictSame(faultsIn('name: web\ncontainers:\n  app:\n    image: a b'), ['4:12: image must be the name of an image, not "a b"'])
  t.strictSame(faultsIn('name: web\ncontainers:\n  app:\n    image: [a]'), ['4:12: image must be the name of an image, not a list'])
})

t.test('restart: each value, and what it becomes', async (t) => {
  for (const [written, restart] of [
    ['restart: always', { policy: 'always' }],
    ['restart: unless-stopped', { policy: 'always' }],
    ['restart: no', { policy: 'never' }],
    ['restart: "no"', { policy: 'never' }],
    ['restart: false', { policy: 'never' }],
    ['restart: never', { policy: 'never' }],
    ['restart: on-failure', { policy: 'on-failure' }],
    ['restart: on-failure:3', { policy: 'on-failure', tries: 3 }],
    ['deploy: {restart_policy: {condition: any}}', { policy: 'always' }],
    ['deploy: {restart_policy: {condition: none}}', { policy: 'never' }],
    ['deploy: {restart_policy: {condition: on-failure, max_attempts: 2}}', { policy: 'on-failure', tries: 2 }],
    ['restart: on-failure:2\ndeploy: {restart_policy: {condition: on-failure, max_attempts: 2}}', { policy: 'on-failure', tries: 2 }],
    ['memory: 1G', { policy: 'always' }],
  ] as const) {
    t.strictSame(appIn(written).restart, restart, written)
  }
  const all = 'restart must be one of always, unless-stopped, on-failure, on-failure:TRIES, no, never'
  t.strictSame(faultsIn(fileWith('restart: sometimes')), [`5:14: ${all}, not "sometimes"`])
  t.strictSame(faultsIn(fileWith('restart: always:3')), [`5:14: ${all}, not "always:3"`])
  t.strictSame(faultsIn(fileWith('restart: always\ndeploy: {restart_policy: {condition: none}}')), ['6:14: deploy.restart_policy says none, but restart says always: they are the same, and must agree'])
  t.strictSame(faultsIn(fileWith('deploy: {restart_policy: {condition: none, max_attempts: 2}}')), ['5:48: max_attempts is of condition: on-failure; none has no number of tries'])
})

t.test('entrypoint and command: a list, or a text that is split into words as by Compose', async (t) => {
  t.match(appIn('entrypoint: [sh, -c]\ncommand: ["echo $$HOME", "2"]'), { entrypoint: ['sh', '-c'], command: ['echo $HOME', '2'] })
  t.strictSame(appIn(`command: bin/run --name "a b" 'c d' e\\ f ""`).command, ['bin/run', '--name', 'a b', 'c d', 'e f', ''])
  t.strictSame(faultsIn(fileWith('command: a && b')), ['5:14: command: "a && b": there is no shell that would know &; write ["sh", "-c", "…"], or quote it'])
  t.strictSame(faultsIn(fileWith('command: "a \'b"')), [`5:14: command: "a 'b": a quote ' is not closed`])
  t.strictSame(faultsIn(fileWith('command: []')), ["5:14: command must not be empty: Kubernetes takes the image's own then; leave it out"])
  t.strictSame(faultsIn(fileWith('command: {a: b}')), ['5:14: command must be a text, not a map'])
  t.strictSame(faultsIn(fileWith('command: [a, [b]]')), ['5:18: a word of command must be a text, not a list'])
})

t.test('working_dir and user', async (t) => {
  t.equal(appIn('working_dir: /srv').workingDirectory, '/srv')
  t.strictSame(appIn('user: 1000').user, { uid: 1_000 })
  t.strictSame(appIn('user: "1000:2000"').user, { uid: 1_000, gid: 2_000 })
  t.strictSame(faultsIn(fileWith('working_dir: srv')), ['5:18: working_dir must be an absolute path, not "srv"'])
  t.strictSame(faultsIn(fileWith('user: root')), ['5:5: user must be numbers, UID or UID:GID, not "root": names are in the image, which Kubernetes does not look into'])
})

t.test('memory: its synonyms, in the units of Compose, as it was written', async (t) => {
  for (const line of ['memory: 2G', 'mem_limit: 2g', 'memory: 2gb', 'memory: 2GiB', 'memory: 2Gi', 'memory: 2048m', 'memory: 2147483648', 'memory: "2 G"', 'deploy: {resources: {limits: {memory: 2G}}}']) {
    t.equal(appIn(line).memory?.bytes, 2 * gibibyte, line)
    t.strictSame(warningsIn(fileWith(line)), [], line)
  }
  t.equal(appIn('memory: 512m').memory?.written, '512m')
  t.equal(appIn('memory: 1.5G').memory?.bytes, 1.5 * gibibyte)
  t.equal(appIn('memory: 1G\nmem_limit: 1024M\ndeploy: {resources: {limits: {memory: 1073741824}, reservations: {memory: 1gb}}}').memory?.written, '1G')
  t.strictSame(faultsIn(fileWith('memory: 1G\nmem_limit: 1025M')), ['6:5: mem_limit says 1025M, but memory says 1G: they are the same, and must agree'])
  t.strictSame(faultsIn(fileWith('memory: 2G\ndeploy: {resources: {reservations: {memory: 1G}}}')), ['6:41: deploy.resources.reservations.memory says 1G, but memory says 2G: they are the same, and must agree'])
  for (const wrong of ['0', '2X', '-1G', 'much', '2i', '2GG', '1e9']) {
    t.strictSame(faultsIn(fileWith(`memory: ${wrong}`)), [`5:13: memory must be an amount of bytes such as 512M or 2G, not "${wrong}"`])
  }
})

t.test('what has no memory, or only reserves it, is told', async (t) => {
  t.strictSame(warningsIn(fileWith('cpus: 1')), ['4:3: app has no memory: nothing is reserved for it, nothing limits it, and whether there is room for it is not checked'].map((line) => line.replace('4:3', '3:3')))
  t.strictSame(warningsIn(fileWith('mem_reservation: 1G')), ['5:5: mem_reservation is the limit of app as well: what takes more is killed'])
  t.equal(appIn('deploy: {resources: {reservations: {memory: 1G}}}').memory?.bytes, gibibyte)
})

t.test('cpus: its synonyms', async (t) => {
  for (const line of ['cpus: 0.5', 'cpus: "0.50"', 'cpus: .5', 'deploy: {resources: {limits: {cpus: "0.5"}}}', 'deploy: {resources: {reservations: {cpus: 0.5}}}']) t.equal(appIn(line).cpus, 0.5, line)
  t.strictSame(faultsIn(fileWith('cpus: 1\ndeploy: {resources: {limits: {cpus: 2}}}')), ['6:35: deploy.resources.limits.cpus says 2, but cpus says 1: they are the same, and must agree'])
  for (const wrong of ['0', '-1', '0.0001', 'one']) t.match(faultsIn(fileWith(`cpus: ${wrong}`)), [/^5:11: cpus must be a number of cores such as 0\.5, down to 0\.001, not /])
})

t.test('stop_grace_period: a duration, 10 s by default', async (t) => {
  for (const [written, seconds] of [['1m30s', 90], ['45', 45], ['"45"', 45], ['2h', 7_200], ['0', 0], ['500ms', 1]] as const) t.equal(appIn(`stop_grace_period: ${written}`).stopGraceSeconds, seconds, written)
  t.equal(appIn('memory: 1G').stopGraceSeconds, 10)
  t.strictSame(warningsIn(fileWith('memory: 1G\nstop_grace_period: 1500ms')), ['6:24: stop_grace_period is rounded up to whole seconds, 2s'])
  t.strictSame(faultsIn(fileWith('stop_grace_period: soon')), ['5:24: stop_grace_period must be a duration such as 1m30s or a number of seconds, not "soon"'])
})

t.test('deploy.replicas, scale and deploy.mode of containers are those of the job, and must agree', async (t) => {
  const of = (job: string, lines: string) => jobIn(fileWith(lines, job)).instances
  t.equal(of('', 'memory: 1G'), 1)
  t.equal(of('numInstances: 0\n', 'memory: 1G'), 0)
  t.equal(of('', 'deploy: {replicas: 3}'), 3)
  t.equal(of('', 'scale: 3'), 3)
  t.equal(of('deploy: {replicas: 3}\n', 'scale: 3\ndeploy: {mode: replicated}'), 3)
  t.equal(of('deploy: {mode: global}\n', 'memory: 1G'), 'each-node')
  t.equal(of('', 'deploy: {mode: global}'), 'each-node')
  t.equal(of('deploy: {mode: replicated}\n', 'memory: 1G'), 1)
  t.strictSame(faultsIn(fileWith('deploy: {replicas: 3}', 'numInstances: 2\n')), ['6:14: deploy.replicas says 3, but numInstances says 2: they are the same, and must agree'])
  t.strictSame(faultsIn(fileWith('deploy: {mode: global}', 'numInstances: 2\n')), ['6:14: deploy.mode says global, but numInstances says 2: they are the same, and must agree'])
  t.strictSame(faultsIn(fileWith('deploy: {mode: global}', 'deploy: {mode: replicated}\n')), ['2:10: deploy.mode says replicated, but deploy.mode says global: they are the same, and must agree'])
  for (const wrong of ['-1', '1.5', 'many', '[1]']) t.match(faultsIn(`name: web\nnumInstances: ${wrong}\ncontainers: {a: {image: i}}`), [/^2:15: numInstances must be a whole number from 0 to 100000, not /])
  t.strictSame(faultsIn(`name: web\ndeploy: {resources: {limits: {memory: 1G}}}\ncontainers: {a: {image: i}}`), ['2:10: resources is of a container: it stands under deploy of that one'])
})
