<?php

/*
 * Does with contrib/server/buddyshopping.php what shop-servers.mjs says, a line
 * of JSON each, and prints what came of it in another.
 */

declare(strict_types=1);

use BuddyShopping\{Api, ApiError, WebhookError};

use function BuddyShopping\{checkWebhook, makeTicket};

require __DIR__ . '/../../../contrib/server/buddyshopping.php';

// What PHP has to say of the file is a failure.
set_error_handler(function (int $level, string $message) {
    if ((error_reporting() & $level) !== 0) {
        throw new ErrorException($message);
    }
    return false;
});

function carts(array $session): array
{
    return [
        'incarnation' => $session['incarnation'],
        'revision' => $session['revision'],
        'text' => $session['multicartText'],
        'carts' => array_map(
            fn ($cart) => [$cart['owner']['name'],
                $cart['content']['tea'] ?? null],
            $session['multicartContent']
        ),
    ];
}

function ask(
    string $url,
    string $key,
    float $timeout,
    string $call,
    array $args
): array {
    $api = new Api($url, $key, timeout: $timeout);
    return match ($call) {
        'sessions' => array_column(
            iterator_to_array($api->sessions(...$args[0]), false),
            'id'
        ),
        'session' => carts($api->session(...$args)),
        'lock' => carts($api->lockSession(...$args)),
        'unlock' => $api->unlockSession(...$args),
        'events' => $api->events(...$args),
        'end' => $api->endSession(...$args),
        'remove' => $api->removeCustomer(...$args),
    };
}

function webhook(
    string $body,
    array $headers,
    string $secrets,
    array $options = []
): array {
    try {
        return ['value' => checkWebhook(
            base64_decode($body),
            $headers,
            $secrets,
            ...$options
        )];
    } catch (WebhookError $error) {
        return ['WebhookError' => $error->getMessage()];
    } catch (ValueError $error) {
        return ['ValueError' => $error->getMessage()];
    }
}

function outcome(array $task): array
{
    try {
        if ($task['call'] === 'ticket') {
            [$key, $kid, $options] = $task['args'];
            $value = makeTicket($key, $kid, ...$options);
        } elseif ($task['call'] === 'webhooks') {
            $value = array_map(fn ($one) => webhook(...$one), $task['args']);
        } else {
            $value = ask(...$task);
        }
        return ['value' => $value];
    } catch (ApiError $error) {
        return [
            'error' => ['code' => $error->getCode(),
                'status' => $error->status,
                'retryAfter' => $error->retryAfter],
            'message' => $error->getMessage(),
        ];
    } catch (ValueError $error) {
        return ['wrong' => $error->getMessage()];
    }
}

while (($line = fgets(STDIN)) !== false) {
    $answer = outcome(json_decode($line, true));
    echo json_encode($answer, JSON_THROW_ON_ERROR), "\n";
}
