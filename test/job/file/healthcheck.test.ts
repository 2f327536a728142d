import t from 'tap'
import { appIn, faultsIn, fileWith } from '../../support/job-file.ts'

const timing = { timeoutSeconds: 30, intervalSeconds: 60, startIntervalSeconds: 5, startPeriodSeconds: 0, healthyThreshold: 2, unhealthyThreshold: 2 }
const ofTest = { ...timing, intervalSeconds: 30, healthyThreshold: 1, unhealthyThreshold: 3 }
const byShell = { type: 'command', command: ['/bin/sh', '-c', 'curl -f http://localhost || exit 1'] }

t.test('each kind of check, with its defaults', async (t) => {
  for (const [written, check] of [
    ['{type: http, port: 80}', { ...timing, check: { type: 'http', port: 80, path: '/', expect: '200' } }],
    ['{type: http, port: 80, path: /up?x=1, expect: 2xx-3xx}', { ...timing, check: { type: 'http', port: 80, path: '/up?x=1', expect: '2xx-3xx' } }],
    ['{type: http, port: 80, expect: 200}', { ...timing, check: { type: 'http', port: 80, path: '/', expect: '200' } }],
    ['{type: tcp, port: 80}', { ...timing, check: { type: 'tcp', port: 80 } }],
    ['{type: command, command: [pg_isready, -q]}', { ...timing, check: { type: 'command', command: ['pg_isready', '-q'] } }],
    ['{type: command, command: pg_isready -q}', { ...timing, check: { type: 'command', command: ['pg_isready', '-q'] } }],
    ['{test: ["CMD", pg_isready, -q]}', { ...ofTest, check: { type: 'command', command: ['pg_isready', '-q'] } }],
    ['{test: ["CMD-SHELL", "curl -f http://localhost || exit 1"]}', { ...ofTest, check: byShell }],
    ['{test: "curl -f http://localhost || exit 1"}', { ...ofTest, check: byShell }],
    ['{test: ["NONE"]}', undefined],
    ['{test: NONE}', undefined],
    ['{disable: true}', undefined],
    ['{disable: true, type: tcp, port: 80}', undefined],
    ['{disable: false, type: tcp, port: 80}', { ...timing, check: { type: 'tcp', port: 80 } }],
  ] as const) {
    t.strictSame(appIn(`healthcheck: ${written}`).healthcheck, check, written)
  }
})

t.test('each time and threshold, by each of its names', async (t) => {
  for (const [written, member] of [
    ['timeout: 3', { timeoutSeconds: 3 }],
    ['interval: 1m30s', { intervalSeconds: 90 }],
    ['start_interval: 1s', { startIntervalSeconds: 1 }],
    ['start_period: 40s', { startPeriodSeconds: 40 }],
    ['healthy_threshold: 5', { healthyThreshold: 5 }],
    ['unhealthy_threshold: 5', { unhealthyThreshold: 5 }],
    ['retries: 5', { unhealthyThreshold: 5 }],
    ['retries: 5, unhealthy_threshold: 5', { unhealthyThreshold: 5 }],
  ] as const) {
    t.strictSame(appIn(`healthcheck: {type: tcp, port: 80, ${written}}`).healthcheck, { ...timing, check: { type: 'tcp', port: 80 }, ...member }, written)
  }
})

t.test('the only port of a container is the one that is checked', async (t) => {
  t.match(appIn('ports: ["80:3000", 53/udp]\nhealthcheck: {type: http}').healthcheck, { check: { port: 3_000 } })
  t.strictSame(faultsIn(fileWith('healthcheck: {type: tcp}')), ['5:18: a healthcheck needs a port: the container has none of which it could be'])
  t.strictSame(faultsIn(fileWith('ports: [1, 2]\nhealthcheck: {type: tcp}')), ['6:18: a healthcheck needs a port: the container has several of which it could be'])
})

t.test('what is wrong with a check', async (t) => {
  for (const [written, fault] of [
    ['{}', '5:18: a healthcheck needs a type: http, tcp or command, or a test as Compose writes it'],
    ['{type: grpc, port: 80}', '5:25: type must be one of http, tcp, command, not "grpc"'],
    ['{type: http, port: 80, expect: 204}', '5:49: expect must be 200 or 2xx-3xx, not "204"'],
    ['{type: http, port: 80, path: up}', '5:47: path must begin with / and be one word, not "up"'],
    ['{type: http, port: 80, command: x}', '5:41: command does not go with a healthcheck of type http'],
    ['{type: tcp, port: 80, path: /}', '5:40: path does not go with a healthcheck of type tcp'],
    ['{type: command}', '5:18: a healthcheck of type command needs a command'],
    ['{type: command, command: x, port: 1}', '5:46: port does not go with a healthcheck of type command'],
    ['{type: http, test: x}', '5:31: test is a command, but type says http'],
    ['{test: x, command: y}', '5:19: test and command are the same: one of them'],
    ['{test: x, port: 1}', '5:28: port does not go with a healthcheck of test'],
    ['{test: [curl, x]}', '5:25: test must be ["CMD", PROGRAM, …], ["CMD-SHELL", TEXT], ["NONE"], or a text, not "[\\"curl\\",\\"x\\"]"'],
    ['{type: tcp, port: 1, retries: 2, unhealthy_threshold: 3}', '5:39: retries says 2, but unhealthy_threshold says 3: they are the same, and must agree'],
    ['{type: tcp, port: 1, retries: 0}', '5:48: retries must be a whole number from 1 to 1000, not "0"'],
    ['{type: tcp, port: 1, interval: 0}', '5:49: interval must be a duration such as 1m30s or a number of seconds, and more than 0, not "0"'],
    ['{type: tcp, port: 1, intervall: 1}', '5:39: unknown key "intervall"; did you mean interval?'],
    ['curl', '5:18: healthcheck must be a map, not "curl"'],
  ] as const) {
    t.strictSame(faultsIn(fileWith(`healthcheck: ${written}`)), [fault], written)
  }
})
