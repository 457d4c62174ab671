#!/bin/sh
echo "loading {{ ds }}"
