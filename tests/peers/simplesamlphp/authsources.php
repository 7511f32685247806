<?php
$folder = getenv('SIMPLESAMLPHP_CONFIG_DIR');
$config = ['people' => ['exampleauth:UserPass'] + json_decode(file_get_contents("$folder/people.json"), true)];
