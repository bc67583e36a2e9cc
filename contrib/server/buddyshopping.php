<?php

/*
 * What a shop's server needs of buddyshopping: tickets, sessions, webhooks.
 *
 * Needs nothing but PHP (8.0 or later, with openssl for https): copy this file.
 * A ticket lets a customer of yours start or join a session
 * (buddyshopping-protocol(7)); Api asks the daemon what is in the sessions and
 * changes them, and checkWebhook() reads what the daemon tells
 * (buddyshopping-api(7)).  A checkout: lock the session, so that no cart changes
 * any more, make the order of the carts if everybody is ready, once for a session
 * and incarnation however often it comes to that, and end the session, that one
 * alone:
 *
 *     require 'buddyshopping.php';
 *     use BuddyShopping\{Api, ApiError};
 *
 *     $api = new Api('http://127.0.0.1:9090', getenv('BUDDYSHOPPING_KEY'));
 *     try {
 *         $locked = $api->lockSession('picnic');
 *         $carts = $locked['multicartContent'];
 *         $ready = array_column(
 *             array_column($carts, 'owner'), 'isReadyToCheckout');
 *         if ($carts && !in_array(false, $ready, true)) {
 *             foreach ($carts as ['owner' => $owner, 'content' => $content]) {
 *                 echo $owner['name'], ' orders ', json_encode($content), "\n";
 *             }
 *             $api->endSession('picnic', incarnation: $locked['incarnation']);
 *         } else {
 *             $api->unlockSession(
 *                 'picnic', incarnation: $locked['incarnation']);
 *         }
 *     } catch (ApiError $error) {
 *         echo $error->getCode(), ' ', $error->getMessage(), ' again in ',
 *             $error->retryAfter ?? 'null', "\n";
 *     }
 */

declare(strict_types=1);

namespace BuddyShopping;

/*
 * What was asked was refused, or got no answer.
 *
 * getCode(): that of buddyshopping-api(7), or "noAnswer", where it is not known
 *     whether it was done, or "invalidAnswer" of what is no buddyshopping.
 * status: that of HTTP; 0 where there was no answer.
 * retryAfter: in how many seconds to try again, or null.
 */
class ApiError extends \RuntimeException
{
    public function __construct(
        string $code,
        public int $status,
        string $message,
        public ?int $retryAfter = null
    ) {
        parent::__construct($message);
        $this->code = $code;
    }
}

function encode(string $bytes): string
{
    return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
}

/*
 * A ticket for a customer, signed with HS256.
 *
 * key: what is in the daemon's file KID.hs256; kid: its name.
 * name, session, role ("host" or "guest"): the only ones that the ticket is
 *     good for; for any without them.
 * account: whom of your customers you gave it to, for the daemon's journal.
 * audience: the daemon's ticket-audience, if it has one.
 * lifetime: how many seconds it is good for, as often as wanted.
 */
function makeTicket(
    string $key,
    string $kid,
    ?string $name = null,
    ?string $session = null,
    ?string $role = null,
    ?string $account = null,
    ?string $audience = null,
    int $lifetime = 300
): string {
    // The daemon takes one newline from the file's end, too.
    $secret = str_ends_with($key, "\n") ? substr($key, 0, -1) : $key;
    if (strlen($secret) < 32) {
        throw new \ValueError('the key of tickets has less than 32 bytes');
    }
    $claims = ['exp' => time() + $lifetime, 'name' => $name,
        'session' => $session, 'role' => $role, 'sub' => $account,
        'aud' => $audience];
    $parts = [['alg' => 'HS256', 'kid' => $kid],
        array_filter($claims, fn ($value) => $value !== null)];
    $text = implode('.', array_map(
        fn ($part) => encode(json_encode($part, JSON_THROW_ON_ERROR)),
        $parts
    ));
    return $text . '.' . encode(hash_hmac('sha256', $text, $secret, true));
}

/* A request is no webhook of the daemon's, or not one of now. */
class WebhookError extends \RuntimeException
{
}

/* What a field has that has to be there once. */
function field(array $headers, string $name): string
{
    $values = [];
    foreach ($headers as $key => $value) {
        if (strtolower((string)$key) === $name) {
            array_push($values, ...(array)$value);
        }
    }
    if (count($values) !== 1) {
        throw new WebhookError("there is not one $name");
    }
    return (string)$values[0];
}

const SECRET_BYTES_MIN = 24;

function webhookKeys(string $secrets): array
{
    $keys = [];
    foreach (preg_split('/\s+/', $secrets, -1, PREG_SPLIT_NO_EMPTY) as $secret) {
        $key = str_starts_with($secret, 'whsec_') ?
            base64_decode(substr($secret, strlen('whsec_')), true) : false;
        if ($key === false || strlen($key) < SECRET_BYTES_MIN) {
            throw new \ValueError('no secret of webhooks, "whsec_..."');
        }
        $keys[] = $key;
    }
    if ($keys === []) {
        throw new \ValueError('there is no secret of webhooks');
    }
    return $keys;
}

// Versions and signatures; what proxies make of two fields is no such list.
const SIGNATURES = '~^v\w+,[A-Za-z0-9+/=]+(?: v\w+,[A-Za-z0-9+/=]+)*$~D';

/*
 * The event that a webhook tells; throws a WebhookError if it is none.
 *
 * body: that of the request, as it came: file_get_contents('php://input').
 * headers: those of the request, in any case: getallheaders().
 * secrets: the daemon's webhook-secret, "whsec_..."; while it is changed both,
 *     with white space between.
 * tolerance: how many seconds the sender's clock may be off, and the request
 *     have been on its way.
 *
 * The same event may come more than once: know it by its id.  Answer with a
 * status of 200 to 299 once it is kept, and with 401 where this throws.
 */
function checkWebhook(
    string $body,
    array $headers,
    string $secrets,
    int $tolerance = 300
): array {
    [$id, $stamp, $signatures] = array_map(
        fn ($name) => field($headers, $name),
        ['webhook-id', 'webhook-timestamp', 'webhook-signature']
    );
    if (!preg_match('/^[0-9]{1,15}$/D', $stamp) ||
        abs(time() - (int)$stamp) > $tolerance) {
        throw new WebhookError('the timestamp is not that of now');
    }
    if (!preg_match(SIGNATURES, $signatures)) {
        throw new WebhookError('there is no list of signatures');
    }
    $isKnown = false;
    foreach (webhookKeys($secrets) as $key) {
        $mac = hash_hmac('sha256', "$id.$stamp.$body", $key, true);
        foreach (explode(' ', $signatures) as $signature) {
            $isKnown = hash_equals('v1,' . base64_encode($mac), $signature) ||
                $isKnown;
        }
    }
    if (!$isKnown) {
        throw new WebhookError('no signature is of the secret');
    }
    $event = json_decode($body, true);
    return is_array($event) ? $event :
        throw new WebhookError('the body is no JSON');
}

/*
 * The daemon's interface for the shop's server.
 *
 * url: where its api-listen is: "http://..." or "https://...".
 * key: as "buddyshoppingctl api-key new" printed it.
 * timeout: for how many seconds the daemon may say nothing.
 */
class Api
{
    // What tells where a value ends: strings, with their escapes, and brackets.
    private const TOKEN = '/"multicartContent":|\\\\.|["[\]{}]/';
    // Halves of pairs of \u in JSON, which PHP does not read: all escapes but
    // those are passed over.
    private const LONE = '/\\\\(?:u[dD][89abAB]..\\\\u[dD][c-fC-F]..|' .
        '(?!u[dD][89a-fA-F]).)(*SKIP)(*FAIL)|\\\\u..../';

    private string $url;
    private string $key;

    public function __construct(
        string $url,
        string $key,
        private float $timeout = 15
    ) {
        if (!preg_match('~^https?://~i', $url)) {
            throw new \ValueError("no URL of http or https: $url");
        }
        $this->url = rtrim($url, '/');
        $this->key = trim($key);
    }

    /*
     * A generator of the sessions that run, or of those that are "empty" or
     * "ready".  They are asked for a page at a time, and have no carts.
     */
    public function sessions(
        string $state = 'running',
        int $pageSize = 100
    ): \Generator {
        $query = ['state' => $state, 'limit' => $pageSize];
        do {
            $page = $this->call('GET', [], $query);
            foreach ($page['sessions'] as $session) {
                yield $session;
            }
            $query['after'] = $page['next'];
        } while ($page['next'] !== null);
    }

    /*
     * A session that runs, with the carts in multicartContent.  multicartText
     * has the carts as customers get them, byte for byte, for numbers that have
     * to stay as they were written.
     */
    public function session(string $session): array
    {
        return $this->call('GET', [$session]);
    }

    /*
     * Let no cart change and nobody join, until it is unlocked or ended.
     * Only this incarnation of it if one is given.  Returns the revision and
     * the carts as they are now, as session() does.  It ends by itself after
     * the daemon's lock-time.
     */
    public function lockSession(
        string $session,
        ?int $incarnation = null
    ): array {
        return $this->change($session, 'lock', $incarnation);
    }

    /*
     * Let carts change again, only of this incarnation if one is given.
     * Returns the id, incarnation and revision.
     */
    public function unlockSession(
        string $session,
        ?int $incarnation = null
    ): array {
        return $this->change($session, 'unlock', $incarnation);
    }

    /*
     * End a session, only this incarnation of it if one is given.  Returns the
     * id and the incarnation, also if it has ended before.
     */
    public function endSession(string $session, ?int $incarnation = null): array
    {
        return $this->change($session, 'end', $incarnation);
    }

    /* Let a customer leave; returns the ids and the incarnation. */
    public function removeCustomer(string $session, string $customer): array
    {
        return $this->call('DELETE', [$session, 'customers', $customer]);
    }

    /*
     * What happened behind the cursor, waited for up to wait seconds, less than
     * the timeout.  Returns the events and the cursor to go on with; without
     * one, no events and the cursor for those to come.
     */
    public function events(
        ?string $after = null,
        int $wait = 10,
        int $limit = 100
    ): array {
        $query = $after === null ? [] : ['after' => $after];
        $query += ['wait' => $wait, 'limit' => $limit];
        return $this->call('GET', [], $query, '/v1/events');
    }

    private function change(
        string $session,
        string $change,
        ?int $incarnation
    ): array {
        return $this->call(
            'POST',
            [$session, $change],
            $incarnation === null ? [] : ['incarnation' => $incarnation]
        );
    }

    private function call(
        string $method,
        array $names,
        array $query = [],
        string $begin = '/v1/sessions'
    ): array {
        $path = implode('/', [$begin,
            ...array_map('rawurlencode', $names)]);
        if ($query !== []) {
            $path .= '?' . http_build_query($query, '', '&');
        }
        $context = stream_context_create(['http' => [
            'method' => $method,
            'header' => "Authorization: Bearer $this->key",
            'timeout' => $this->timeout,
            'protocol_version' => '1.1',
            'follow_location' => 0,
            'ignore_errors' => true,
        ]]);
        error_clear_last();
        $stream = @fopen($this->url . $path, 'r', false, $context);
        $text = $stream === false ? false : @stream_get_contents($stream);
        if ($text === false || stream_get_meta_data($stream)['timed_out']) {
            throw new ApiError('noAnswer', 0, 'no answer: ' .
                (error_get_last()['message'] ?? 'nothing came in time'));
        }
        $head = stream_get_meta_data($stream)['wrapper_data'];
        if (strlen($text) < (self::number($head, 'Content-Length') ?? 0)) {
            throw new ApiError('noAnswer', 0, 'no answer: it was cut off');
        }
        return self::read($head, $text);
    }

    /* What a field of that name has in an answer's head. */
    private static function number(array $head, string $name): ?int
    {
        $lines = preg_grep("/^$name: *\\d+$/i", $head);
        return $lines === [] ? null : (int)explode(':', reset($lines))[1];
    }

    /* The value of an answer; throws the error that it is. */
    private static function read(array $head, string $text): array
    {
        $status = (int)explode(' ', $head[0])[1];
        $retryAfter = self::number($head, 'Retry-After');
        $value = json_decode(preg_replace(self::LONE, '\ufffd', $text), true);
        if ($status === 200 && is_array($value)) {
            if (array_key_exists('multicartContent', $value)) {
                $value['multicartText'] = self::multicartText($text);
            }
            return $value;
        }
        if (!is_string($value['error']['code'] ?? null)) {
            throw new ApiError('invalidAnswer', $status,
                "no answer of buddyshopping: $status", $retryAfter);
        }
        throw new ApiError($value['error']['code'], $status,
            $value['error']['message'] ?? '', $retryAfter);
    }

    /* The text of the multicart in that of a session. */
    private static function multicartText(string $text): string
    {
        $depth = $end = 0;
        $start = null;
        $inString = false;
        $flags = PREG_OFFSET_CAPTURE;
        while (preg_match(self::TOKEN, $text, $match, $flags, $end) === 1) {
            [[$token, $at]] = $match;
            $end = $at + strlen($token);
            if ($token === '"') {
                $inString = !$inString;
            } elseif ($inString) {
                continue;
            } elseif ($token === '[' || $token === '{') {
                $depth++;
            } elseif ($token === ']' || $token === '}') {
                if (--$depth === 1 && $start !== null) {
                    return substr($text, $start, $end - $start);
                }
            } elseif ($depth === 1) {
                $start = $end;
            }
        }
        throw new \LogicException('there is no multicart');
    }
}
